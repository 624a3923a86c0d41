import { Piscina } from 'piscina';
import type { Progress } from '../../core/trial.ts';
import {
  clearSlot,
  createControlBuffer,
  lookAtSlot,
  openControl,
  setCancel,
  setLate,
  setMemoryShort,
  setPause,
  setStop,
} from './control.ts';
import { entryBeside } from './entry.ts';
import { MemoryCap } from './memory.ts';
import type { Death, FromHost, FromThread, HostSettings, ToHost } from './messages.ts';
import { SlotTimes } from './slot-times.ts';
import type { Finished, Prepared, Task, ThreadData } from './thread.ts';

/**
 * The entry of the trial host: a forked process that owns the worker threads. Its own loop only passes messages on, so
 * it stays free while the threads compute. It lives exactly as long as the channel to its parent: signals to the
 * process group (Ctrl-C) are the parent's to decide on, and when the parent is gone, so is the host, at once. A file that
 * outgrows a limit (SIGXFSZ) is an error where it is written.
 */

const watchIntervalMs = 200;

/** Heap of a thread, in MB: about what Node itself allows one on a machine with enough memory. */
const mostHeapMb = 4096;

process.on('disconnect', die);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXFSZ'] as const) process.on(signal, () => {});
process.on('message', (message: ToHost) => receive(message));

let host: Host | undefined;

function receive(message: ToHost): void {
  switch (message.type) {
    case 'prepare':
      host = new Host(message.settings);
      void host.prepare();
      break;
    case 'run':
      void host?.run(message);
      break;
    case 'stop':
      host?.stop();
      break;
    case 'cancel':
      host?.cancel(message.slot, message.trial);
      break;
    case 'pause':
      host?.pause(message.paused);
      break;
    default:
      message satisfies never;
  }
}

class Host {
  readonly #settings: HostSettings;
  readonly #buffer: SharedArrayBuffer;
  readonly #control: ReturnType<typeof openControl>;
  /** The trial on each busy slot. */
  readonly #trials = new Map<number, number>();
  readonly #times: SlotTimes;
  readonly #memory: MemoryCap | undefined;
  #memoryIsShort = false;
  #pool: Piscina | undefined;

  constructor(settings: HostSettings) {
    this.#settings = settings;
    this.#times = new SlotTimes(settings);
    this.#memory = settings.maxRssMb === undefined ? undefined : new MemoryCap(settings.maxRssMb);
    this.#buffer = createControlBuffer(settings.slots);
    this.#control = openControl(this.#buffer);
    setInterval(() => this.#watch(), watchIntervalMs);
  }

  /** In a thread of its own, whose memory goes with it. */
  async prepare(): Promise<void> {
    const pool = this.#openPool(1);
    try {
      const prepared = (await pool.run(undefined, { name: 'prepare' })) as Prepared;
      clearSlot(this.#control, 0);
      await pool.destroy();
      this.#sendLast(0, prepared.last);
      if ('refused' in prepared) return send({ type: 'refused', error: prepared.refused });
      this.#pool = this.#openPool(this.#settings.slots, prepared.shared);
      send({ type: 'prepared', facts: prepared.facts });
    } catch (error) {
      end({ type: 'dying', death: deathOf(error) });
    }
  }

  async run({ slot, job }: Task): Promise<void> {
    this.#trials.set(slot, job.trial);
    this.#times.begin(slot);
    let answer: FromHost;
    try {
      const { outcome, last } = (await this.#pool!.run({ slot, job } satisfies Task, { name: 'run' })) as Finished;
      this.#sendLast(slot, last);
      answer = { type: 'outcome', slot, outcome };
    } catch (error) {
      answer = { type: 'crashed', slot, death: deathOf(error) };
    }
    this.#trials.delete(slot);
    clearSlot(this.#control, slot);
    send(answer);
  }

  #sendLast(slot: number, progress: Progress | undefined): void {
    if (progress) send({ type: 'progress', slot, progress });
  }

  /** Progress and results come from a thread by two ways: progress that was overtaken by the end of its trial is dropped. */
  #hear(message: FromThread): void {
    if (message.type === 'warning') send(message);
    else if (message.trial === this.#trials.get(message.slot))
      send({ type: 'progress', slot: message.slot, progress: message.progress });
  }

  stop(): void {
    setStop(this.#control);
  }

  /** Another trial may be on the slot by now: that one is left alone. */
  cancel(slot: number, trial: number): void {
    if (this.#trials.get(slot) === trial) setCancel(this.#control, slot);
  }

  pause(paused: boolean): void {
    setPause(this.#control, paused);
  }

  #openPool(threads: number, shared?: unknown): Piscina {
    const worker = entryBeside('./worker', import.meta.url);
    const { maxRssMb } = this.#settings;
    const pool = new Piscina({
      filename: worker.path,
      execArgv: [...worker.execArgv],
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: { control: this.#buffer, settings: this.#settings, shared } satisfies ThreadData,
      ...(maxRssMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: Math.min(maxRssMb, mostHeapMb) } }),
    });
    pool.on('message', (message: FromThread) => this.#hear(message));
    pool.on('error', (error) => send({ type: 'warning', message: `a worker thread failed while idle: ${String(error)}` }));
    return pool;
  }

  #watch(): void {
    this.#watchTime();
    this.#watchMemory();
  }

  /** Ends the process for a trial that is over its time, or reaches no step any more, and answers no more. */
  #watchTime(): void {
    const looks = [...this.#trials.keys()].map((slot) => lookAtSlot(this.#control, slot));
    const { late, overdue, stuck } = this.#times.look(looks, performance.now());
    for (const slot of late) setLate(this.#control, slot);
    if (overdue.length > 0) end({ type: 'dying', slots: overdue, death: { code: 'DEADLINE', message: overdueMessage } });
    else if (stuck.length > 0) end({ type: 'dying', slots: stuck, death: { code: 'STUCK', message: this.#stuckMessage() } });
  }

  #stuckMessage(): string {
    const minutes = this.#settings.stallMs / 60_000;
    return `the trial came to no step for ${Number(minutes.toPrecision(2))} min: it hangs, and its host was ended.`;
  }

  #watchMemory(): void {
    if (!this.#memory) return;
    const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
    const { short, end: over } = this.#memory.look(rssMb, performance.now());
    if (short !== this.#memoryIsShort) setMemoryShort(this.#control, short);
    this.#memoryIsShort = short;
    if (over) end({ type: 'dying', death: { code: 'OUT_OF_MEMORY', message: this.#overMemory(rssMb) } });
  }

  #overMemory(rssMb: number): string {
    const { size } = this.#trials;
    const [when, fewer] =
      size === 0 ? ['before any trial', ''] : [`with ${size === 1 ? 'one trial' : `${size} trials`}`, ', fewer workers'];
    return `the trial host took ${rssMb} MB of ${this.#settings.maxRssMb} MB ${when}. More memory${fewer} or smaller batches help.`;
  }
}

const overdueMessage = 'the trial did not end within its time and reached no step to stop at.';

function deathOf(error: unknown): Death {
  const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return {
    code: outOfMemory ? 'OUT_OF_MEMORY' : 'HOST_CRASHED',
    message: error instanceof Error ? error.message : String(error),
  };
}

function send(message: FromHost): void {
  if (process.connected) process.send!(message);
}

function end(message: FromHost): void {
  process.send!(message, die);
}

/** SIGKILL, since an ordinary exit would tear down threads inside native calls, which aborts the process. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
