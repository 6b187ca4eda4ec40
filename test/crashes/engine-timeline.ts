import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { labels } from '../../src/runtime/docker/create-body.js';

interface EngineEvent {
  Action?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
}

/**
 * Everything that happens to the containers of one cluster, in the engine's order, judged as it comes: one live container of a
 * task at most, each attempt made once, attempts that rise.
 */
export class EngineTimeline {
  readonly violations: string[] = [];
  created = 0;
  started = 0;
  private readonly live = new Map<string, string>();
  private readonly attempts = new Map<string, number>();

  private constructor(private readonly stream: Readable) {}

  static async follow(engine: Docker, clusterUid: string): Promise<EngineTimeline> {
    const filters = { type: ['container' as const], label: [`${labels.clusterUid}=${clusterUid}`] };
    const stream = (await engine.getEvents({ filters })) as Readable;
    const timeline = new EngineTimeline(stream);
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') timeline.take(JSON.parse(line) as EngineEvent);
    });
    stream.on('error', () => timeline.violations.push('the events of the engine broke off'));
    return timeline;
  }

  close(): void {
    this.stream.removeAllListeners('error').on('error', () => undefined);
    this.stream.destroy();
  }

  private take({ Action, Actor }: EngineEvent): void {
    const id = Actor?.ID ?? '';
    const {
      [labels.taskUid]: uid = '',
      [labels.attempt]: attempt = '',
      [labels.task]: task = '',
    } = Actor?.Attributes ?? {};
    if (Action === 'create') {
      this.created += 1;
      const last = this.attempts.get(uid) ?? 0;
      if (Number(attempt) <= last) {
        this.violations.push(`${task} ${uid}: attempt ${attempt} was made (${id}) after attempt ${last}`);
      }
      this.attempts.set(uid, Math.max(last, Number(attempt)));
    } else if (Action === 'start') {
      this.started += 1;
      const other = this.live.get(uid);
      if (other !== undefined && other !== id) {
        this.violations.push(`${task} ${uid}: attempt ${attempt} (${id}) was started while ${other} was alive`);
      }
      this.live.set(uid, id);
    } else if (Action === 'die' && this.live.get(uid) === id) {
      this.live.delete(uid);
    }
  }
}
