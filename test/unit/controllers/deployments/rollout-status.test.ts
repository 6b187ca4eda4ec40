import { describe, expect, it } from 'vitest';
import { sortReplicas } from '../../../../src/controllers/deployments/replicas.js';
import { rolloutStatus } from '../../../../src/controllers/deployments/rollout-status.js';
import type { DeploymentStatus, StoredDeployment } from '../../../../src/model/deployment.js';
import { aDeployment, now, PlayedTasks } from './deployment-fixture.js';

const progressing = (status: DeploymentStatus) => status.conditions?.find(({ type }) => type === 'Progressing');
const available = (status: DeploymentStatus) => status.conditions?.find(({ type }) => type === 'Available');

function statusOf(played: PlayedTasks, deployment: StoredDeployment, at = now, lost: string[] = []) {
  return rolloutStatus(
    deployment,
    sortReplicas(deployment, played.tasks, new Set(lost), () => ({ milliseconds: at - now, isAtLeast: false })),
    at,
  );
}

describe('rolloutStatus', () => {
  it('counts what there is, and leaves zeros out as Kubernetes does', () => {
    const played = new PlayedTasks();
    const first = statusOf(played, aDeployment());
    expect(first.status).toMatchObject({ observedGeneration: 1, unavailableReplicas: 3 });
    expect(first.status).not.toHaveProperty('replicas');
    expect(available(first.status)).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' });
    expect(progressing(first.status)).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    played.settle(aDeployment());
    const done = statusOf(played, aDeployment({}, first.status)).status;
    expect(done).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
    expect(done).not.toHaveProperty('unavailableReplicas');
    expect(available(done)).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    expect(progressing(done)).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('is the same as before when nothing happened, so that nothing is written', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const { status } = statusOf(played, aDeployment());
    expect(statusOf(played, aDeployment({}, status), now + 3_600_000)).toEqual({ status });
  });

  it('waits for minReadySeconds, and says when to look again', () => {
    const played = new PlayedTasks();
    const deployment = aDeployment({ minReadySeconds: 10, replicas: 1 });
    played.settle(aDeployment({ replicas: 1 }));
    const early = statusOf(played, deployment, now + 4_000);
    expect(early.status).toMatchObject({ readyReplicas: 1, unavailableReplicas: 1 });
    expect(early.againAfterMilliseconds).toBe(6_000);
    expect(statusOf(played, deployment, now + 10_000).status).toMatchObject({ availableReplicas: 1 });
  });

  it('counts no task as ready whose worker does not answer', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment({ replicas: 1 }));
    played.tasks = played.tasks.map((task) => ({ ...task, spec: { ...task.spec, nodeName: 'n1' } }));
    expect(statusOf(played, aDeployment({ replicas: 1 }), now, ['n1']).status).toMatchObject({
      unavailableReplicas: 1,
    });
  });

  it('CT-05: says ProgressDeadlineExceeded, and which task stands in the way, until there is progress again', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const done = statusOf(played, aDeployment()).status;
    const broken = (status: DeploymentStatus) => aDeployment({ image: 'nope', progressDeadlineSeconds: 60 }, status, 2);
    played.settle(broken(done), ({ spec }) => spec.image !== 'busybox:nope');
    const begun = statusOf(played, broken(done));
    expect(progressing(begun.status)).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    expect(begun.againAfterMilliseconds).toBe(60_000);
    const late = statusOf(played, broken(begun.status), now + 60_000).status;
    expect(progressing(late)).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: expect.stringMatching(
        /^Deployment "web" has timed out progressing: task "web-.*-0" is Pending\.$/,
      ) as string,
    });
    expect(available(late)).toMatchObject({ status: 'True' });
    expect(statusOf(played, broken(late), now + 3_600_000).status).toEqual(late);
    played.setReady(true);
    expect(progressing(statusOf(played, broken(late), now + 3_700_000).status)).toMatchObject({
      status: 'True',
      reason: 'ReplicaSetUpdated',
    });
  });

  it('calls no rollout failed that was complete before something broke', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const { status } = statusOf(played, aDeployment());
    played.setReady(false);
    const later = statusOf(played, aDeployment({}, status), now + 3_600_000).status;
    expect(progressing(later)).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    expect(available(later)).toMatchObject({ status: 'False' });
  });

  it('is no new rollout when only the number of tasks changes, or how a rollout is to go', () => {
    const played = new PlayedTasks();
    played.settle(aDeployment());
    const { status } = statusOf(played, aDeployment());
    const scaled = statusOf(played, aDeployment({ replicas: 5, minReadySeconds: 1 }, status, 2), now + 2_000);
    expect(scaled.status).toMatchObject({ observedGeneration: 2, updatedReplicas: 3, unavailableReplicas: 2 });
    expect(progressing(scaled.status)).toEqual(progressing(status));
    const toNothing = aDeployment({ replicas: 0 }, status, 3);
    played.settle(toNothing);
    const none = statusOf(played, toNothing).status;
    const again = statusOf(played, aDeployment({ replicas: 3 }, none, 4)).status;
    expect(progressing(again)).toEqual(progressing(status));
  });

  it('is a new rollout when the template changes as well, also from no task at all', () => {
    const played = new PlayedTasks();
    const none = statusOf(played, aDeployment({ replicas: 0 })).status;
    expect(progressing(none)).toMatchObject({ reason: 'NewReplicaSetAvailable' });
    const both = statusOf(played, aDeployment({ replicas: 3, image: '2' }, none, 2)).status;
    expect(progressing(both)).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
  });

  it('says why tasks could not be made, until they can', () => {
    const played = new PlayedTasks();
    const why = 'tasks.orch.dev "web-1" is forbidden: no';
    const failed = rolloutStatus(aDeployment(), played.sorted(aDeployment()), now, why).status;
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: why };
    expect(failed.conditions).toContainEqual(expect.objectContaining(failure));
    const later = rolloutStatus(aDeployment({}, failed), played.sorted(aDeployment()), now + 5_000, why).status;
    expect(later).toEqual(failed);
    const fine = rolloutStatus(aDeployment({}, failed), played.sorted(aDeployment()), now + 9_000).status;
    expect(fine.conditions?.map(({ type }) => type)).toEqual(['Available', 'Progressing']);
  });

  it('is not available with Recreate before all are, although Recreate may take all away', () => {
    const played = new PlayedTasks();
    const deployment = aDeployment({ strategy: { type: 'Recreate' } });
    played.settle(deployment, () => false);
    expect(available(statusOf(played, deployment).status)).toMatchObject({ status: 'False' });
    played.settle(deployment);
    expect(available(statusOf(played, deployment).status)).toMatchObject({ status: 'True' });
  });

  it('says that it is paused', () => {
    const { status } = statusOf(new PlayedTasks(), aDeployment({ paused: true }));
    expect(progressing(status)).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
  });
});
