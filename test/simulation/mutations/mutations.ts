/** One guard broken: an exact piece of the source, there once, and what stands in its place. */
export interface Mutation {
  name: string;
  file: string;
  from: string;
  to: string;
  /** Some seed of these goes red. `from` 1 when absent; with `http` all of them are over HTTP. */
  seeds?: { from?: number; count: number; http?: true };
  /** A test file that goes red. */
  test?: string;
}

const few = { count: 60 };
const many = { count: 300 };
const overHttp = { count: 30, http: true } as const;

/**
 * The guards of orch, each broken, and what goes red. Defects that the simulation once found are here too: put back, they
 * are found again. (Over 300 lines: a table.)
 */
export const mutations: readonly Mutation[] = [
  // Store
  {
    name: 'compare-and-set is skipped',
    file: 'src/store/pending-state.ts',
    from: 'if (!holds(operation.expect, present)) throw conflict(operation.key, operation.expect, present);',
    to: 'holds(operation.expect, present);',
    test: 'test/contract/store-memory.test.ts',
  },
  {
    name: 'a write is acknowledged before it is on the disk',
    file: 'src/store/journaled-store.ts',
    from: 'await this.journal.append(transactions, superseded);',
    to: 'void this.journal.append(transactions, superseded);',
    seeds: few,
    test: 'test/unit/store/journaled-store.test.ts',
  },
  {
    name: 'a resumed watch misses the first event',
    file: 'src/store/durable-state.ts',
    from: 'const backlog = this.history.slice(this.history.length - unseen);',
    to: 'const backlog = this.history.slice(this.history.length - unseen + 1);',
    seeds: many,
    test: 'test/contract/store-memory.test.ts',
  },
  {
    name: 'a watch from before the history is not refused',
    file: 'src/store/durable-state.ts',
    from: 'if (!Number.isInteger(afterRevision) || afterRevision < this.compacted || afterRevision > this.newestRevision) {',
    to: 'if (!Number.isInteger(afterRevision) || afterRevision > this.newestRevision) {',
    seeds: many,
    test: 'test/contract/store-memory.test.ts',
  },
  // Registry
  {
    name: 'a patch is taken for whatever version there is',
    file: 'src/registry/prepare-update.ts',
    from: "if (resourceVersion && resourceVersion !== '0' && resourceVersion !== current.metadata.resourceVersion) {",
    to: "if (resourceVersion === 'none') {",
    seeds: few,
    test: 'test/unit/registry/write-path.test.ts',
  },
  {
    name: 'a move has no TaskEvent',
    file: 'src/registry/task-moves.ts',
    from: 'if (old !== undefined && from === to) return undefined;',
    to: "if (old !== undefined && (from === to || to === 'Running')) return undefined;",
    seeds: few,
  },
  {
    name: 'any move of a task is allowed',
    file: 'src/registry/task-moves.ts',
    from: 'if (canMove(from, to)) return;',
    to: 'if (canMove(from, to) || from !== undefined) return;',
    test: 'test/unit/registry/write-path.test.ts',
  },
  {
    name: 'a task is gone before its worker confirmed',
    file: 'src/registry/plan-deletion.ts',
    from: 'kind === taskKind && facts.nodeExists ? graceOfTask(current, options.gracePeriodSeconds) : 0;',
    to: '0;',
    seeds: few,
    test: 'test/unit/registry/deletion.test.ts',
  },
  // Controllers
  {
    name: 'a decision is written to a version that it was not made from',
    file: 'src/controllers/write-task.ts',
    from: 'isSame = current.metadata.uid === uid && current.metadata.resourceVersion === resourceVersion;',
    to: "isSame = uid !== '' && resourceVersion !== '';",
    test: 'test/integration/write-task.test.ts',
  },
  {
    name: 'heartbeats are judged by the wall clock',
    file: 'src/controllers/manager.ts',
    from: 'this.nodeController.heartbeats.beat(nodeName, sessionId, this.options.clock.monotonic());',
    to: 'this.nodeController.heartbeats.beat(nodeName, sessionId, this.options.clock.now());',
    seeds: few,
  },
  {
    name: 'tasks are moved although no worker answers at all',
    file: 'src/controllers/node-controller.ts',
    from: "return health.phase === 'lost' && !this.heartbeats.everyNodeLost ? health.since : undefined;",
    to: "return health.phase === 'lost' ? health.since : undefined;",
    seeds: few,
  },
  {
    name: 'a start forgets how long it waits for heartbeats',
    file: 'src/controllers/heartbeats.ts',
    from: 'if (!this.pulses.has(name)) this.pulses.set(name, { lastSign: now, hasBeaten: false });',
    to: 'if (!this.pulses.has(name)) this.pulses.set(name, { lastSign: -1e9, hasBeaten: false });',
    test: 'test/unit/controllers/heartbeats.test.ts',
  },
  {
    name: 'what a waiting task was promised is not counted before the next is looked at',
    file: 'src/controllers/placement-pass.ts',
    from: 'index.state.occupy(this.demandOf(task).demand, nodeName);',
    to: '',
    seeds: many,
  },
  {
    name: 'what a task that starts again takes is not counted at once',
    file: 'src/controllers/task-controller.ts',
    from: 'index.state.occupy(demandOf(task), nodeName);',
    to: '',
    seeds: { count: 600 },
  },
  {
    name: 'a task that failed for good takes its share while it is deleted',
    file: 'src/scheduler/demand.ts',
    from: 'if (failedForGood(task)) return false;',
    to: 'if (failedForGood(task) && task.metadata.deletionTimestamp === undefined) return false;',
    seeds: { count: 1000 },
  },
  {
    name: 'an older version replaces a newer one in the index',
    file: 'src/controllers/cluster-index.ts',
    from: 'return old === undefined || version > Number(old.metadata.resourceVersion);',
    to: 'return old === undefined || version !== Number(old.metadata.resourceVersion);',
    test: 'test/unit/controllers/cluster-index.test.ts',
  },
  {
    name: 'minReadySeconds is counted by the wall clock',
    file: 'src/controllers/deployments/ready-times.ts',
    from: 'const now = this.clock.monotonic();',
    to: 'const now = (this.clock as Clock).now();',
    test: 'test/unit/controllers/deployments/deployment-controller.test.ts',
  },
  // Worker
  {
    name: 'an empty list means stop',
    file: 'src/worker/plan-convergence.ts',
    from: "if (!release) return { steps: [{ type: 'askTombstone' }], record };\n  if (!release.confirmed) return { steps: [], record };\n  const graceSeconds = release.graceSeconds",
    to: 'const graceSeconds = release?.graceSeconds',
    seeds: many,
    test: 'test/unit/worker/plan-convergence.test.ts',
  },
  {
    name: 'a silent manager confirms that a task is gone',
    file: 'src/worker/assignments.ts',
    from: 'if (response.status !== 200 && response.status !== 404) throw unanswered(`the answer was ${response.status}`);',
    to: '',
    test: 'test/unit/worker/worker-alone.test.ts',
  },
  {
    name: 'a store that went back in time is believed',
    file: 'src/worker/assignments.ts',
    from: 'if (revision < this.revisionAtListing || checkpoint.isRewound) {',
    to: 'if (checkpoint.isRewound) {',
    test: 'test/unit/worker/worker-alone.test.ts',
  },
  {
    name: 'the checkpoint is never written',
    file: 'src/worker/checkpoint-file.ts',
    from: 'await this.write(JSON.stringify(this.data));',
    to: '',
    test: 'test/integration/worker-checkpoint.test.ts',
  },
  {
    name: 'containers are never listed again',
    file: 'src/worker/engine-watch.ts',
    from: 'if (!this.isReady) return;\n    try {\n      await this.options.view.relist();',
    to: 'if (this.isReady) return;\n    try {\n      await this.options.view.relist();',
    seeds: many,
  },
  {
    name: "another worker's containers are taken for one's own",
    file: 'src/worker/container-view.ts',
    from: 'if (this.entries.has(id) || this.options.remembers(identity.taskUid, id)) return true;',
    to: 'if (id !== name) return true;',
    seeds: few,
  },
  {
    name: "another cluster's containers are taken for one's own",
    file: 'src/runtime/simulated/simulated-runtime.ts',
    from: 'return container.clusterUid === this.#clusterUid;',
    to: "return container.clusterUid !== '';",
    seeds: few,
    test: 'test/contract/runtime-simulated.test.ts',
  },
  {
    name: 'a container of an older attempt that lives is not stopped first',
    file: 'src/worker/plan-convergence.ts',
    from: 'if (superseded.length > 0) {',
    to: 'if (superseded.length > 99) {',
    test: 'test/unit/worker/plan-convergence.test.ts',
  },
  {
    name: 'a new container is made while the last one is alive',
    file: 'src/worker/plan-convergence.ts',
    from: 'if (newest && isAlive(newest)) return planAlive(task, newest, input, record, hash);',
    to: 'if (newest && isAlive(newest) && hash === newest.identity.specHash) return planAlive(task, newest, input, record, hash);',
    seeds: few,
  },
  {
    name: 'attempts begin anew with each worker',
    file: 'src/worker/plan-convergence.ts',
    from: 'const attempt = Math.max(record.attempt, newest?.identity.attempt ?? 0, task.status?.attempt ?? 0) + 1;',
    to: 'const attempt = (newest?.identity.attempt ?? 0) + 1;',
    seeds: few,
  },
  {
    name: 'an unused container that is removed was no attempt',
    file: 'src/worker/plan-convergence.ts',
    from: 'return attempt === record.attempt ? record : { ...record, attempt };',
    to: 'return attempt > 0 ? record : { ...record, attempt };',
    test: 'test/unit/worker/plan-convergence.test.ts',
  },
  {
    name: 'what an older checkpoint wants stops a container that is newer',
    file: 'src/worker/plan-convergence.ts',
    from: 'return isRemembered === true && (container?.identity.attempt ?? 0) > record.attempt;',
    to: 'return isRemembered === true && (container?.identity.attempt ?? 0) > record.attempt + 1e9;',
    seeds: { count: 600 },
    test: 'test/unit/worker/plan-convergence.test.ts',
  },
  {
    name: 'a task that comes back while its container stops is forgotten',
    file: 'src/worker/converger.ts',
    from: 'if (this.cameBack(target.uid)) return false;',
    to: '',
    seeds: { count: 600 },
  },
  {
    name: 'what is under way for an older spec goes on when the list tells of a newer one',
    file: 'src/worker/assignments.ts',
    from: 'const wasHere = known !== undefined && !this.absent.has(uid);',
    to: "const wasHere = known !== undefined && uid === '';",
    seeds: many,
    test: 'test/unit/worker/worker.test.ts',
  },
  {
    name: 'attempts do not go on from what another worker reported',
    file: 'src/worker/plan-convergence.ts',
    from: 'newest?.identity.attempt ?? 0, task.status?.attempt ?? 0) + 1;',
    to: 'newest?.identity.attempt ?? 0) + 1;',
    seeds: many,
    test: 'test/unit/worker/plan-convergence.test.ts',
  },
  {
    name: 'a wait lasts for as long as the wall clock was set back',
    file: 'src/worker/restart-policy.ts',
    from: 'if (waitsFrom === undefined || nextStartAt === undefined || waitsFrom <= now) return record;',
    to: 'if (waitsFrom !== now + 0.5 || nextStartAt === undefined) return record;',
    test: 'test/unit/worker/worker.test.ts',
  },
  {
    name: 'a deletion is confirmed before the containers are gone',
    file: 'src/worker/plan-convergence.ts',
    from: "return { steps: [...stops, ...removeAll(containers), { type: 'confirmDeletion' }], record };",
    to: "return { steps: [{ type: 'confirmDeletion' }, ...stops, ...removeAll(containers)], record };",
    seeds: few,
  },
  {
    name: 'a task that its worker released is still started',
    file: 'src/worker/assignments.ts',
    from: 'return this.absent.has(uid) ? undefined : this.options.checkpoint.task(uid);',
    to: 'return this.options.checkpoint.task(uid);',
    seeds: few,
  },
  {
    name: 'a status is written to whatever version there is',
    file: 'src/worker/status-reporter.ts',
    from: '{ metadata: { uid, resourceVersion }, status },',
    to: '{ metadata: { uid }, status },',
    seeds: few,
  },
  // Client and API, over HTTP
  {
    name: 'what may have been done is posted again',
    file: 'src/client/https-transport.ts',
    from: "if (request.method === 'POST') throw connectionError(options.server, error.cause);",
    to: '',
    seeds: overHttp,
  },
  {
    name: 'a watcher is not told of what left its selection',
    file: 'src/api/watch-filter.ts',
    from: 'if (!did || event.previous === undefined) return undefined;',
    to: 'if (!did || event.previous === undefined || revision > 0) return undefined;',
    seeds: overHttp,
    test: 'test/unit/api/watch-filter.test.ts',
  },
  // Client
  {
    name: 'a list that was wrong is never asked for again',
    file: 'src/client/informer.ts',
    from: 'relistAt = listedAt + (setup.relistMilliseconds ?? Infinity) * (0.75 + random.next() / 2);',
    to: 'relistAt = Infinity;',
    test: 'test/unit/worker/worker-alone.test.ts',
  },
  {
    name: 'an expired watch does not list again',
    file: 'src/client/informer.ts',
    from: "if (!isOrchError(error, 'Expired')) logger.warn('watch refused', { error: errorMessage(error) });\n          position = undefined;",
    to: "if (!isOrchError(error, 'Expired')) logger.warn('watch refused', { error: errorMessage(error) });",
    // The regular list heals it before anybody is harmed: within minutes, too late for who waits.
    test: 'test/unit/client/informer.test.ts',
  },
  {
    name: 'an event that comes a second time replaces what is newer',
    file: 'src/client/informer.ts',
    from: 'return Number(object.metadata.resourceVersion) > Number(known.metadata.resourceVersion);',
    to: 'return object.metadata.resourceVersion !== known.metadata.resourceVersion;',
    test: 'test/unit/client/informer.test.ts',
  },
  {
    name: 'the end of what no list had is not told',
    file: 'src/client/informer.ts',
    from: 'if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) return;',
    to: 'if (previous?.metadata.uid !== object.metadata.uid) return;',
    seeds: { from: 5202, count: 1 },
    test: 'test/unit/client/informer.test.ts',
  },
  {
    name: 'a list is judged by what was seen after it was asked for',
    file: 'src/worker/assignments.ts',
    from: 'if (revision < this.revisionAtListing || checkpoint.isRewound) {',
    to: 'if (revision < checkpoint.revision || checkpoint.isRewound) {',
    seeds: { from: 788, count: 1 },
    test: 'test/unit/worker/worker-alone.test.ts',
  },
  // GitOps
  {
    name: 'pruned although a file is in error',
    file: 'src/gitops/plan-sync.ts',
    from: 'if (errors.length > 0) {\n    const kept',
    to: 'if (errors.length > 999) {\n    const kept',
    seeds: few,
    test: 'test/unit/gitops/plan-sync.test.ts',
  },
  {
    name: 'pruned whatever bears the name, not the very object of the inventory',
    file: 'src/gitops/plan-sync.ts',
    from: 'if (spec.prune === false || !kind || uid === undefined || live?.uid !== uid)',
    to: 'if (spec.prune === false || !kind || uid === undefined)',
    test: 'test/unit/gitops/plan-sync.test.ts',
  },
  {
    name: 'a folder that is missing is an empty one',
    file: 'src/gitops/plan-sync.ts',
    from: "if (folder.state !== 'present') {",
    to: "if (folder.state === 'tooLarge') {",
    test: 'test/unit/gitops/plan-sync.test.ts',
  },
  {
    name: 'an empty folder prunes everything',
    file: 'src/gitops/plan-sync.ts',
    from: 'if (desired === 0) {',
    to: 'if (desired < 0) {',
    seeds: few,
    test: 'test/unit/gitops/plan-sync.test.ts',
  },
  {
    name: 'a folder in motion is taken as it is',
    file: 'src/gitops/settle-folder.ts',
    from: 'for (let looks = 1; looks < maxLooks && !signal.aborted; looks++) {',
    to: 'for (let looks = maxLooks; looks < maxLooks && !signal.aborted; looks++) {',
    seeds: few,
    test: 'test/integration/gitops-folder.test.ts',
  },
  // ConfigMaps and Secrets
  {
    name: 'a container that may lack its files is started',
    file: 'src/worker/plan-convergence.ts',
    from: 'const lacksFiles = needsFiles(task.spec) && record.filled !== attempt;',
    to: 'const lacksFiles = needsFiles(task.spec) && attempt < 0;',
    test: 'test/unit/worker/worker-config.test.ts',
  },
  {
    name: 'a worker reads what the tasks of others name',
    file: 'src/api/node-scope.ts',
    from: 'task?.spec.nodeName === identity.nodeName &&',
    to: 'task !== undefined &&',
    test: 'test/integration/api-security.test.ts',
  },
  {
    name: 'a worker reads what its task does not name',
    file: 'src/api/node-scope.ts',
    from: 'reference.kind === kind.kind && reference.name === name',
    to: 'reference.name !== undefined',
    test: 'test/integration/api-security.test.ts',
  },
  {
    name: 'what the manager says is gone is taken from memory',
    file: 'src/worker/config/read-config.ts',
    from: '    case 404:\n      return undefined;\n',
    to: '',
    test: 'test/unit/worker/worker-config.test.ts',
  },
  // API: whatever arrives
  {
    name: 'a patch that is no list of operations is gone through',
    file: 'src/registry/json-patch.ts',
    from: "if (!Array.isArray(operations)) throw badRequest('a JSON patch must be a list of operations');",
    to: 'if (!Array.isArray(operations)) operations = operations as never as JsonValue[];',
    test: 'test/integration/api-fuzz.test.ts',
  },
  {
    name: 'a body need not be an object',
    file: 'src/api/request-body.ts',
    from: "if (!isJsonObject(value)) throw new OrchError('BadRequest', 'the request body must be one object');\n  return value;",
    to: 'return value as JsonObject;',
    test: 'test/integration/api-fuzz.test.ts',
  },
  {
    name: 'what the HTTP library refuses is taken for a fault of ours',
    file: 'src/api/status.ts',
    from: 'if (known) return { error: known, unexpected: false };',
    to: 'void known;',
    test: 'test/integration/api-fuzz.test.ts',
  },
];
