import type { Clock, Timer } from '../../support/clock.js';
import type { Program, Step } from './command-language.js';

interface ProcessListeners {
  onOutput(channel: 'stdout' | 'stderr', data: Uint8Array): void;
  onExit(exitCode: number): void;
  onListen?(port: number): void;
  onWrite?(path: string, text: string): void;
}

/** Timers of JavaScript overflow after 24.8 days: a longer wait is for ever. */
const longestTimerSeconds = 2_000_000;

/** Runs the steps of a program over the clock. onExit comes exactly once; nothing comes after it. */
export class SimulatedProcess {
  readonly #program: Program;
  readonly #clock: Clock;
  readonly #listeners: ProcessListeners;
  #next = 0;
  #timer: Timer | undefined;
  #wakeAt = 0;
  #remaining: number | undefined;
  #paused = false;
  #exited = false;
  #waitedSinceGoto = false;
  #input: Uint8Array[] = [];
  #inputEnded: boolean;
  #window = { width: 80, height: 24 };

  constructor(program: Program, clock: Clock, listeners: ProcessListeners, options: { stdin?: boolean } = {}) {
    this.#program = program;
    this.#clock = clock;
    this.#listeners = listeners;
    this.#inputEnded = options.stdin !== true;
  }

  start(): void {
    this.#run();
  }

  pause(): void {
    if (this.#exited || this.#paused) return;
    this.#paused = true;
    if (this.#timer) this.#remaining = Math.max(0, this.#wakeAt - this.#clock.monotonic());
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const remaining = this.#remaining;
    this.#remaining = undefined;
    if (remaining === undefined) this.#run();
    else this.#sleep(remaining);
  }

  /** Ends the process if it heeds the signal. */
  stopSignal(signal: string): void {
    if (/KILL$/.test(signal)) this.kill(137);
    else if (this.#program.exitCodeOnStop !== undefined) this.kill(this.#program.exitCodeOnStop);
  }

  kill(exitCode: number): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#timer?.cancel();
    this.#listeners.onExit(exitCode);
  }

  write(data: Uint8Array): void {
    if (this.#inputEnded || this.#exited) return;
    this.#input.push(data);
    this.#run();
  }

  endInput(): void {
    this.#inputEnded = true;
    this.#run();
  }

  resize(width: number, height: number): void {
    this.#window = { width, height };
  }

  #run(): void {
    while (!this.#exited && !this.#paused && this.#timer === undefined && this.#remaining === undefined) {
      const step: Step = this.#program.steps[this.#next] ?? { do: 'exit', code: 0 };
      if (!this.#execute(step)) return;
    }
  }

  /** False when the process waits for something. */
  #execute(step: Step): boolean {
    switch (step.do) {
      case 'print':
        this.#listeners.onOutput(step.channel, Buffer.from(step.text));
        break;
      case 'write':
        this.#listeners.onWrite?.(step.path, step.text);
        break;
      case 'printWindowSize':
        this.#listeners.onOutput('stdout', Buffer.from(`${this.#window.height} ${this.#window.width}\n`));
        break;
      case 'listen':
        this.#listeners.onListen?.(step.port);
        break;
      case 'wait':
        this.#waitedSinceGoto = true;
        if (step.seconds > longestTimerSeconds) return false;
        this.#next++;
        this.#sleep(step.seconds * 1000);
        return false;
      case 'goto':
        this.#next = step.step;
        // A loop that never waits would hang the simulation: it turns once a second.
        if (this.#waitedSinceGoto) {
          this.#waitedSinceGoto = false;
          return true;
        }
        this.#sleep(1000);
        return false;
      case 'copyInput':
        for (const data of this.#input.splice(0)) this.#listeners.onOutput('stdout', data);
        if (!this.#inputEnded) return false;
        break;
      case 'readLine':
        this.#waitedSinceGoto = true;
        if (this.#takeLine()) break;
        if (!this.#inputEnded) return false;
        this.#next = step.elseGoto ?? this.#next + 1;
        return true;
      case 'exit':
        this.kill(step.code);
        return false;
    }
    this.#next++;
    return true;
  }

  #takeLine(): boolean {
    const input = Buffer.concat(this.#input);
    const end = input.indexOf('\n');
    if (end < 0) return false;
    this.#input = [input.subarray(end + 1)];
    return true;
  }

  #sleep(milliseconds: number): void {
    this.#wakeAt = this.#clock.monotonic() + milliseconds;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#run();
    }, milliseconds);
  }
}
