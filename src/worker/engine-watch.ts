import type { ContainerRuntime } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { ContainerView } from './container-view.js';
import { repeat } from './repeat.js';

export interface EngineWatchOptions {
  runtime: ContainerRuntime;
  view: ContainerView;
  clock: Clock;
  logger: Logger;
  pingMilliseconds: number;
  relistMilliseconds: number;
  /** The engine answers (again), and everything was listed. */
  onReady(): void;
  onSilent(message: string): void;
}

const silentPingMilliseconds = 2_000;

/** Knows whether the engine answers, and lists everything from time to time: hints get lost, that does not. */
export class EngineWatch {
  private readonly endings: (() => void)[] = [];
  private state: 'unknown' | 'ready' | 'silent' = 'unknown';

  constructor(private readonly options: EngineWatchOptions) {}

  get isReady(): boolean {
    return this.state === 'ready';
  }

  /** Resolves after the first look, whatever it found. */
  async start(): Promise<void> {
    const { view, clock, pingMilliseconds, relistMilliseconds } = this.options;
    view.start();
    await this.look();
    const pause = (): number => (this.isReady ? pingMilliseconds : Math.min(pingMilliseconds, silentPingMilliseconds));
    const failed = (error: unknown): void => this.options.logger.error('a look at the engine failed', { error });
    this.endings.push(
      repeat(clock, pause, () => this.look(), failed),
      repeat(
        clock,
        () => relistMilliseconds,
        () => this.relist(),
        failed,
      ),
    );
  }

  stop(): void {
    for (const end of this.endings.splice(0)) end();
    this.options.view.stop();
  }

  private async relist(): Promise<void> {
    if (!this.isReady) return;
    try {
      await this.options.view.relist();
    } catch (error) {
      this.options.logger.warn('listing containers failed', { error: errorMessage(error) });
      await this.look();
    }
  }

  /** Silence stops nothing; when the engine answers again, everything is looked at anew. */
  private async look(): Promise<void> {
    const { runtime, view, logger } = this.options;
    try {
      await runtime.ping();
      if (this.isReady) return;
      await view.relist();
      logger.info('the engine answers');
      this.state = 'ready';
      this.options.onReady();
    } catch (error) {
      const message = errorMessage(error);
      if (this.state !== 'silent') logger.error('the engine does not answer', { error: message });
      this.state = 'silent';
      this.options.onSilent(message);
    }
  }
}
