import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { ended } from '../../core/words.ts';
import { entryBeside } from '../../executors/pool/entry.ts';
import type { Space } from '../../search/space/space.ts';
import type { Call, Failure, Opened, OpenRequest, Reply, Subject } from './messages.ts';

export interface UserController {
  readonly file: string;
  readonly subject: Subject;
  readonly context: ControllerContext<Space>;
  /** For an answer; one that takes longer is taken to come never. */
  readonly seconds?: number;
}

const defaultSeconds = 60;

/** One that runs in a thread, which ends with `close`, or with the process. */
export type RemoteController = Controller & { close(): Promise<void> };

/**
 * A user's controller in a thread of its own: one that never answers costs an error instead of the process, whose study is
 * stored up to then. Its calls wait for their answers, as those of a controller in this thread would.
 * Throws NasError, here and in every call: CONTROLLER_FILE, CONTROLLER_SPACE, CONTROLLER_THROWS, CONTROLLER_ANSWER, CONTROLLER_HANGS.
 */
export async function openUserController({ file, subject, context, seconds }: UserController): Promise<RemoteController> {
  const { space, goal, seed, logScale, doubt, say = () => undefined } = context;
  const { port1, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(4));
  const workerData: OpenRequest = { file, subject, space, goal, seed, logScale, doubt, port: port2, replies };
  const entry = entryBeside('./remote-thread', import.meta.url);
  const worker = new Worker(entry.path, {
    workerData,
    transferList: [port2],
    execArgv: [...entry.execArgv],
  });
  const thread = new Thread(
    { file, advice: adviceFor(subject), seconds: seconds ?? defaultSeconds, say },
    worker,
    port1,
    replies,
  );
  const { stateVersion } = await thread.opened();
  return {
    ...(stateVersion === undefined ? {} : { stateVersion }),
    ask: (trial) => thread.call('ask', trial) as Candidate | undefined,
    asked: (trial, candidate) => void thread.call('asked', trial, candidate),
    tell: (result) => void thread.call('tell', result),
    save: () => thread.call('save') as Json,
    restore: (state) => void thread.call('restore', state),
    close: () => thread.close(),
  };
}

/** What to do about one that does not answer. */
const adviceFor = ({ kind }: Subject): string =>
  kind === 'network' ? ' What is finished is stored; a mended one begins a new study, with --warm-from if you like.' : '';

interface ThreadOptions {
  readonly file: string;
  readonly advice: string;
  /** For an answer. */
  readonly seconds: number;
  readonly say: (message: string) => void;
}

class Thread {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #replies: Int32Array;
  #ended: NasError | undefined;

  constructor(options: ThreadOptions, worker: Worker, port: MessagePort, replies: Int32Array) {
    [this.#options, this.#worker, this.#port, this.#replies] = [options, worker, port, replies];
    worker.on('error', ({ message }: Error) => (this.#ended ??= this.#gone(message)));
    worker.on('exit', () => (this.#ended ??= this.#gone('it ended its thread')));
    worker.unref();
  }

  async opened(): Promise<Opened> {
    this.#worker.ref();
    let timer: NodeJS.Timeout | undefined;
    const opened = await new Promise<Opened>((resolve, reject) => {
      timer = setTimeout(() => reject(this.#hangs('create')), this.#options.seconds * 1000);
      this.#worker.once('message', resolve);
      this.#worker.once('exit', () => reject(this.#ended!));
    }).finally(() => clearTimeout(timer));
    this.#worker.unref();
    this.#pass(opened);
    return opened;
  }

  call(method: Call['method'], ...values: readonly unknown[]): unknown {
    if (this.#ended) throw this.#ended;
    const before = Atomics.load(this.#replies, 0);
    this.#port.postMessage({ method, values } satisfies Call);
    if (Atomics.wait(this.#replies, 0, before, this.#options.seconds * 1000) === 'timed-out') throw this.#hangs(method);
    const { value, ...reply } = receiveMessageOnPort(this.#port)!.message as Reply;
    this.#pass(reply);
    return value;
  }

  #pass({ said, failure }: Pick<Reply, 'said' | 'failure'>): void {
    for (const message of said) this.#options.say(message);
    if (failure) throw errorOf(failure);
  }

  async close(): Promise<void> {
    this.#ended ??= this.#gone('it was closed');
    this.#port.close();
    await this.#worker.terminate();
  }

  #hangs(method: string): NasError {
    const { file, advice, seconds } = this.#options;
    void this.#worker.terminate();
    this.#ended = new NasError('CONTROLLER_HANGS', `controller "${file}" has not answered ${method} for ${seconds} s.${advice}`, {
      facts: { file, method, seconds },
      exitCode: exitCodes.failure,
    });
    return this.#ended;
  }

  #gone(reason: string): NasError {
    const { file } = this.#options;
    const message = `controller "${file}" is gone: ${ended(reason)} This is a defect of the controller.`;
    return new NasError('CONTROLLER_THROWS', message, { facts: { file, reason }, exitCode: exitCodes.failure });
  }
}

const errorOf = ({ code, message, facts, exitCode }: Failure) =>
  new NasError(code, message, { facts, exitCode: exitCode as NasError['exitCode'] });
