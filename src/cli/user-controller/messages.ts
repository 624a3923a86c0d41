import type { MessagePort } from 'node:worker_threads';
import type { Controller, ControllerContext } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Goal } from '../../core/objective.ts';
import type { LayerTimes } from '../../network/metrics/layer-times/fit.ts';
import type { Space } from '../../search/space/space.ts';
import type { DataFacts } from '../../trial/predict.ts';

/** What is searched: how a network is compressed, or a problem of `nas bench`. */
export type Subject =
  | { readonly kind: 'network'; readonly model: Json; readonly data: DataFacts; readonly times: LayerTimes | undefined }
  | { readonly kind: 'problem'; readonly name: string };

/** What the thread makes a user's controller from. */
export interface OpenRequest {
  readonly file: string;
  readonly subject: Subject;
  readonly space: Space;
  readonly goal: Goal;
  readonly seed: string;
  readonly logScale: ReadonlySet<string> | undefined;
  readonly doubt: ControllerContext<Space>['doubt'];
  readonly port: MessagePort;
  /** One number, which changes when a reply is there to be taken. */
  readonly replies: Int32Array;
}

/** A call of a method, by its name. */
export interface Call {
  readonly method: 'ask' | 'asked' | 'tell' | 'save' | 'restore';
  readonly values: readonly unknown[];
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly facts: { readonly [key: string]: Json };
  readonly exitCode: number;
}

/** `said`: what the controller wants the user to know, since the last reply. */
export interface Reply {
  readonly value?: unknown;
  readonly failure?: Failure;
  readonly said: readonly string[];
}

/** The first message of the thread: the controller is made, or cannot be. */
export type Opened = Pick<Controller, 'stateVersion'> & Pick<Reply, 'failure' | 'said'>;

/** An error as plain data: what is thrown in one thread is thrown again in another. */
export function failureOf(error: unknown): Failure {
  const { message } = error as Error;
  if (!(error instanceof NasError)) return { code: 'CONTROLLER_THROWS', message, facts: {}, exitCode: exitCodes.failure };
  const { code, facts, exitCode } = error;
  return { code, message, facts, exitCode };
}
