"""What a program in Python sees of orch: `python-client.py STEP` prints what the step found as one line of JSON.

The official client library, as Debian packages it. Its models refuse an answer that lacks what Kubernetes always sends.
"""

import json
import sys
import time

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import portforward, stream

config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
custom = client.CustomObjectsApi()


def metadata(name, **more):
    return client.V1ObjectMeta(name=name, **more)


def pod(name, *command, stdin=False):
    container = client.V1Container(name=name, image="busybox:latest", command=list(command), stdin=stdin)
    return client.V1Pod(metadata=metadata(name), spec=client.V1PodSpec(containers=[container]))


def run(name, *command, stdin=False):
    """Creates a pod and follows it by a watch until it is ready: the kinds of events that were seen, and its phase."""
    core.create_namespaced_pod("default", pod(name, *command, stdin=stdin))
    seen = []
    follower = watch.Watch()
    selector = f"metadata.name={name}"
    for event in follower.stream(core.list_namespaced_pod, "default", field_selector=selector, timeout_seconds=20):
        seen.append(event["type"])
        status = event["object"].status
        if status.container_statuses and status.container_statuses[0].ready:
            follower.stop()
            return {"events": sorted(set(seen)), "phase": status.phase}
    raise RuntimeError(f"{name} was not ready within 20 s: {seen}")


def refusal(action, *arguments):
    try:
        action(*arguments)
    except ApiException as error:
        return [error.status, json.loads(error.body)["reason"]]
    return "was not refused"


def models():
    [node] = core.list_node().items
    info = node.status.node_info
    run("model", "sleep", "infinity")
    event = core.list_namespaced_event("default").items[0]
    return {
        "ready": [c.status for c in node.status.conditions if c.type == "Ready"],
        "kubelet": info.kubelet_version,
        "architecture": info.architecture,
        "server": client.VersionApi().get_code().git_version,
        "event": [event.involved_object.kind, event.type],
        "newer": client.EventsV1Api().list_namespaced_event("default").items[0].regarding.kind,
        "deleted": core.delete_namespaced_pod("model", "default", grace_period_seconds=0).metadata.name,
        "services": core.list_service_for_all_namespaces().items,
        "cordoned": core.patch_node(node.metadata.name, {"spec": {"unschedulable": True}}).spec.unschedulable,
        "uncordoned": core.patch_node(node.metadata.name, {"spec": {"unschedulable": None}}).spec.unschedulable,
    }


def objects():
    core.create_namespace(client.V1Namespace(metadata=metadata("py")))
    settings = client.V1ConfigMap(metadata=metadata("settings"), data={"COLOR": "blue"})
    core.create_namespaced_config_map("py", settings)
    patched = core.patch_namespaced_config_map("settings", "py", {"data": {"SIZE": "3"}})
    login = client.V1Secret(metadata=metadata("login"), string_data={"user": "ann"})
    found = {"patched": patched.data, "secret": core.create_namespaced_secret("py", login).data}
    found["missing"] = refusal(core.read_namespaced_config_map, "nothing", "py")
    found["twice"] = refusal(core.create_namespaced_config_map, "py", settings)
    core.create_namespaced_config_map("py", client.V1ConfigMap(metadata=metadata("other")))
    ours = "metadata.name!=kube-root-ca.crt"
    page = core.list_namespaced_config_map("py", limit=1, field_selector=ours)
    rest = core.list_namespaced_config_map("py", limit=1, field_selector=ours, _continue=page.metadata._continue)
    found["pages"] = [item.metadata.name for item in page.items + rest.items]
    found["collection"] = core.delete_collection_namespaced_config_map("py").status
    core.delete_namespace("py")
    for _ in range(100):
        found["namespace"] = refusal(core.read_namespace, "py")
        if found["namespace"] != "was not refused":
            break
        time.sleep(0.1)
    return found


def deployment():
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": "d"}),
        spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="busybox:latest", command=["cat"])]),
    )
    selector = client.V1LabelSelector(match_labels={"app": "d"})
    spec = client.V1DeploymentSpec(replicas=2, selector=selector, template=template)
    made = apps.create_namespaced_deployment("default", client.V1Deployment(metadata=metadata("d"), spec=spec))
    first = made.status.ready_replicas  # its status is there from the beginning, if empty
    for _ in range(200):
        status = apps.read_namespaced_deployment_status("d", "default").status
        if status.updated_replicas == 2:
            break
        time.sleep(0.1)
    scaled = apps.patch_namespaced_deployment_scale("d", "default", {"spec": {"replicas": 3}}).spec.replicas
    sets = apps.list_namespaced_replica_set("default").items
    ended = apps.delete_namespaced_deployment("d", "default", propagation_policy="Background").status
    return {"first": first, "updated": status.updated_replicas, "scaled": scaled, "sets": len(sets), "ended": ended}


def tasks():
    body = {"apiVersion": "orch.dev/v1", "kind": "Task", "metadata": {"name": "t"}, "spec": {"image": "busybox:latest"}}
    custom.create_namespaced_custom_object("orch.dev", "v1", "default", "tasks", body)
    place = ("orch.dev", "v1", "default", "tasks", "t")
    resource = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="orch.dev/v1", kind="Task")
    merge = {"content_type": "application/merge-patch+json"}
    higher = resource.patch(name="t", namespace="default", body={"spec": {"priority": 4}}, **merge)
    seen = next(iter(resource.watch(namespace="default", field_selector="metadata.name=t", timeout=5)))
    invalid = dict(body, metadata={"name": "bad"}, spec={})
    return {
        "created": custom.get_namespaced_custom_object(*place)["spec"]["image"],
        "patched": higher.spec.priority,
        "watched": [seen["type"], seen["object"].metadata.name],
        "invalid": refusal(custom.create_namespaced_custom_object, "orch.dev", "v1", "default", "tasks", invalid),
        "deleted": custom.delete_namespaced_custom_object(*place)["metadata"]["name"],
    }


def streams():
    found = {"run": run("talker", "sh", "-c", "echo one; echo two; sleep infinity")}
    found["log"] = core.read_namespaced_pod_log("talker", "default", tail_lines=1)
    follower = watch.Watch()
    lines = follower.stream(core.read_namespaced_pod_log, name="talker", namespace="default", follow=True)
    found["followed"] = [next(lines), next(lines)]
    follower.stop()
    command = ["sh", "-c", "echo out; echo err >&2; exit 3"]
    options = {"stdin": False, "stdout": True, "stderr": True, "tty": False, "_preload_content": False}
    answer = stream(core.connect_get_namespaced_pod_exec, "talker", "default", command=command, **options)
    answer.run_forever(timeout=10)
    found["exec"] = [answer.read_stdout(), answer.read_stderr(), answer.returncode]
    options["stdin"] = True
    answer = stream(core.connect_get_namespaced_pod_exec, "talker", "default", command=["cat"], **options)
    answer.write_stdin("hello\n")
    found["input"] = answer.readline_stdout(timeout=10)
    answer.close()
    run("echo", "nc", "-ll", "-p", "8080", "-e", "cat")
    forward = portforward(core.connect_get_namespaced_pod_portforward, "echo", "default", ports="8080")
    socket = forward.socket(8080)
    socket.setblocking(True)
    socket.settimeout(10)
    socket.sendall(b"there and back")
    found["forwarded"] = socket.recv(1024).decode()
    socket.close()
    return found


steps = {step.__name__: step for step in (models, objects, deployment, tasks, streams)}
print(json.dumps(steps[sys.argv[1]]()))
