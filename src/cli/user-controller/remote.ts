import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { entryBeside } from '../../executors/pool/entry.ts';
import type { LayerTimes } from '../../network/metrics/layer-times/fit.ts';
import type { Space } from '../../search/space/space.ts';
import type { DataFacts } from '../../trial/predict.ts';
import type { Call, Failure, Opened, OpenRequest, Reply } from './messages.ts';

export interface UserController {
  readonly file: string;
  readonly model: Json;
  readonly data: DataFacts;
  readonly times?: LayerTimes | undefined;
  readonly context: ControllerContext<Space>;
  /** For an answer; one that takes longer is taken to come never. */
  readonly seconds?: number;
}

const defaultSeconds = 60;

/**
 * A user's controller in a thread of its own: one that never answers costs an error instead of the process, whose study is
 * stored up to then. Its calls wait for their answers, as those of a controller in this thread would.
 * Throws NasError, here and in every call: CONTROLLER_FILE, CONTROLLER_THROWS, CONTROLLER_ANSWER, CONTROLLER_HANGS.
 */
export async function openUserController({ file, model, data, times, context, seconds }: UserController): Promise<Controller> {
  const { space, goal, seed, logScale, doubt, say = () => undefined } = context;
  const { port1, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(4));
  const workerData: OpenRequest = { file, model, data, space, goal, seed, logScale, times, doubt, port: port2, replies };
  const entry = entryBeside('./remote-thread', import.meta.url);
  const worker = new Worker(entry.path, {
    workerData,
    transferList: [port2],
    execArgv: [...entry.execArgv],
  });
  const thread = new Thread(file, worker, port1, replies, seconds ?? defaultSeconds, say);
  const { stateVersion } = await thread.opened();
  return {
    ...(stateVersion === undefined ? {} : { stateVersion }),
    ask: (trial) => thread.call('ask', trial) as Candidate | undefined,
    asked: (trial, candidate) => void thread.call('asked', trial, candidate),
    tell: (result) => void thread.call('tell', result),
    save: () => thread.call('save') as Json,
    restore: (state) => void thread.call('restore', state),
  };
}

class Thread {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #replies: Int32Array;
  readonly #seconds: number;
  readonly #say: (message: string) => void;
  #ended: NasError | undefined;

  constructor(
    file: string,
    worker: Worker,
    port: MessagePort,
    replies: Int32Array,
    seconds: number,
    say: (message: string) => void,
  ) {
    [this.#file, this.#worker, this.#port] = [file, worker, port];
    [this.#replies, this.#seconds, this.#say] = [replies, seconds, say];
    worker.on('error', ({ message }: Error) => (this.#ended ??= this.#gone(message)));
    worker.on('exit', () => (this.#ended ??= this.#gone('it ended its thread')));
    worker.unref();
  }

  async opened(): Promise<Opened> {
    this.#worker.ref();
    let timer: NodeJS.Timeout | undefined;
    const opened = await new Promise<Opened>((resolve, reject) => {
      timer = setTimeout(() => reject(this.#hangs('create')), this.#seconds * 1000);
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
    if (Atomics.wait(this.#replies, 0, before, this.#seconds * 1000) === 'timed-out') throw this.#hangs(method);
    const { value, ...reply } = receiveMessageOnPort(this.#port)!.message as Reply;
    this.#pass(reply);
    return value;
  }

  #pass({ said, failure }: Pick<Reply, 'said' | 'failure'>): void {
    for (const message of said) this.#say(message);
    if (failure) throw errorOf(failure);
  }

  #hangs(method: string): NasError {
    void this.#worker.terminate();
    this.#ended = new NasError(
      'CONTROLLER_HANGS',
      `controller "${this.#file}" has not answered ${method} for ${this.#seconds} s. What is finished is stored; a mended one begins a new study, with --warm-from if you like.`,
      { facts: { file: this.#file, method, seconds: this.#seconds }, exitCode: exitCodes.failure },
    );
    return this.#ended;
  }

  #gone(reason: string): NasError {
    const message = `controller "${this.#file}" is gone: ${reason}. This is a defect of the controller.`;
    return new NasError('CONTROLLER_THROWS', message, { facts: { file: this.#file, reason }, exitCode: exitCodes.failure });
  }
}

const errorOf = ({ code, message, facts, exitCode }: Failure) =>
  new NasError(code, message, { facts, exitCode: exitCode as NasError['exitCode'] });
