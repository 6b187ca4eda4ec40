import { describe, expect, it } from 'vitest';
import { sortReplicas } from '../../../../src/controllers/deployments/replicas.js';
import { rolloutStatus } from '../../../../src/controllers/deployments/rollout-status.js';
import type { DeploymentStatus, StoredDeployment } from '../../../../src/model/deployment.js';
import { aDeployment, now, PlayedTasks } from './deployment-fixture.js';

const progressing = (status: DeploymentStatus) => status.conditions?.find(({ type }) => type === 'Progressing');
const available = (status: DeploymentStatus) => status.conditions?.find(({ type }) => type === 'Available');

function statusOf(played: PlayedTasks, deployment: StoredDeployment, at = now, lost: string[] = []) {
  return rolloutStatus(deployment, sortReplicas(deployment, played.tasks, new Set(lost), at), at);
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

  it('says that it is paused', () => {
    const { status } = statusOf(new PlayedTasks(), aDeployment({ paused: true }));
    expect(progressing(status)).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
  });
});
