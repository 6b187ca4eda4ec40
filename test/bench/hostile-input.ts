import { request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { hostileRequests, type HostileRequest } from './hostile-requests.js';
import { startProbedManager, type ProbedManager } from './probed-manager.js';
import { median, type Row } from './row.js';

const goalMilliseconds = 50;
const managers = 3;
const roundsAfterTheFirst = 2;
/** The manager runs typical large requests when it starts, beside its work. */
const warmUpMilliseconds = 2_000;

/**
 * The longest time that one hostile request kept the main loop of a real manager from everything else. Every request goes
 * to three fresh managers, once for the first time and twice after that; of each kind the median counts, because one
 * reading is as much the machine's other work as ours.
 */
export async function measureHostileInput({ progress }: { progress: (text: string) => void }): Promise<Row[]> {
  const first = new Map<string, number[]>();
  const later = new Map<string, number[]>();
  for (let run = 0; run < managers; run += 1) {
    const manager = await startProbedManager();
    try {
      await pause(warmUpMilliseconds);
      for (let round = 0; round <= roundsAfterTheFirst; round += 1) {
        for (const hostile of hostileRequests(`r${round}`)) {
          const milliseconds = await delayUnder(manager, hostile);
          const readings = round === 0 ? first : later;
          readings.set(hostile.what, [...(readings.get(hostile.what) ?? []), milliseconds]);
        }
      }
    } finally {
      await manager.stop();
    }
  }
  for (const [what, readings] of first) {
    const texts = [readings, later.get(what) ?? []].map((each) => each.map((value) => value.toFixed(0)).join(' '));
    progress(`hostile input: ${what}: first ${texts[0]} ms, later ${texts[1]} ms`);
  }
  return [rowOf('each for the first time', first), rowOf('warm', later)];
}

function rowOf(when: string, readings: ReadonlyMap<string, readonly number[]>): Row {
  const medians = [...readings].map(([what, values]) => ({ what, milliseconds: median(values) }));
  const worst = medians.reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a));
  return {
    what: `event loop delay under hostile input, ${when}, worst of ${medians.length} (${worst.what})`,
    orch: `${worst.milliseconds.toFixed(0)} ms`,
    peer: `goal: ${goalMilliseconds} ms`,
    ratio: `${(worst.milliseconds / goalMilliseconds).toFixed(2)}x`,
  };
}

async function delayUnder(manager: ProbedManager, hostile: HostileRequest): Promise<number> {
  for (const preparation of hostile.before ?? []) await send(manager, preparation);
  await pause(20);
  await manager.reset();
  await send(manager, hostile);
  await pause(20);
  return (await manager.read()).maxMilliseconds;
}

/** The status of the answer. What is refused may be answered before all was sent, so a cut connection is an answer, too. */
function send(manager: ProbedManager, hostile: Omit<HostileRequest, 'what'>): Promise<number> {
  const { method, path, type, body } = hostile;
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${manager.token}`,
      ...(body.length === 0 ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      ...hostile.headers,
    };
    const sent = request(`${manager.url}${path}`, { method, ca: manager.caPem, agent: false, headers }, (response) => {
      response
        .resume()
        .once('end', () => resolve(response.statusCode ?? 0))
        .once('error', reject);
    });
    sent.once('error', reject).end(body);
  });
}
