import { exitCodes, NasError } from '../../core/errors.ts';
import { type Batch, evaluationBatches } from '../data/batches.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import { hasBranches } from '../ir/bytes/decode.ts';
import type { EngineHooks } from './hooks.ts';
import { type Session, type SessionOptions, withSession } from './session.ts';

export interface Evaluation {
  /** Share of the images classified right. */
  readonly accuracy: number;
  /** By class number. */
  readonly perClass: readonly ClassResult[];
  /** Mean cross-entropy, natural logarithm. */
  readonly loss: number;
  readonly count: number;
}

export interface ClassResult {
  /** Of the images that the network gave this class, the share that has it; 0 where it gave it to none. */
  readonly precision: number;
  /** Of the images that have this class, the share that the network gave it; 0 where there is none. */
  readonly recall: number;
  /** Images that have this class. */
  readonly images: number;
}

const batchSize = 250;

type Images = Pick<Dataset, 'shape' | 'normalization' | 'classes'>;
type Hooks = Pick<EngineHooks, 'checkpoint'>;

/**
 * Runs an exported model (input [N, C, H, W] for any N, first output logits [N, K]) over a split: one image at a time where
 * the model decides by them which of its branches run, since in a batch it decides for all images together.
 *
 * @throws NasError ENGINE_NOT_FINITE where a logit is NaN.
 */
export function evaluate(
  bytes: Uint8Array,
  dataset: Images,
  split: Split,
  hooks: Hooks,
  options: SessionOptions = {},
): Promise<Evaluation> {
  const together = hasBranches(bytes) ? 1 : batchSize;
  return withSession(bytes, options, (session) => evaluateOn(session, dataset, split, hooks, together));
}

/** The same for a session that is open, of whatever runtime. */
export async function evaluateOn(
  session: Session,
  { shape, normalization, classes }: Images,
  split: Split,
  hooks: Hooks,
  together = batchSize,
): Promise<Evaluation> {
  const tally = new Tally(classes.length);
  for (const batch of evaluationBatches({ split, shape, normalization, batchSize: together })) {
    hooks.checkpoint();
    const logits = await logitsOf(session, batch, shape);
    batch.labels.forEach((label, i) => {
      tally.add(logits.subarray(i * tally.classes, (i + 1) * tally.classes), label);
    });
  }
  return tally.result();
}

async function logitsOf(session: Session, { x, count }: Batch, shape: readonly number[]): Promise<Float32Array> {
  const [input, output] = [session.inputs[0]!, session.outputs[0]!];
  const results = await session.run({ [input]: { dtype: 'float32', shape: [count, ...shape], data: x } });
  return results[output]!.data as Float32Array;
}

/** Counts hits, and errors by class. */
class Tally {
  readonly classes: number;
  /** By class: right, given by the network, in the data. */
  private readonly right: number[];
  private readonly given: number[];
  private readonly present: number[];
  private loss = 0;
  private count = 0;

  constructor(classes: number) {
    const zeros = () => Array.from({ length: classes }, () => 0);
    this.classes = classes;
    this.right = zeros();
    this.given = zeros();
    this.present = zeros();
  }

  add(logits: Float32Array, label: number): void {
    if (logits.some(Number.isNaN)) throw notFinite(this.count);
    const highest = Math.max(...logits);
    const predicted = logits.indexOf(highest);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0);
    this.loss += Math.log(sum) + highest - logits[label]!;
    this.count++;
    this.present[label]!++;
    this.given[predicted]!++;
    if (predicted === label) this.right[label]!++;
  }

  result(): Evaluation {
    const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
    const right = this.right.reduce((total, count) => total + count, 0);
    return {
      accuracy: share(right, this.count),
      perClass: this.right.map((hits, c) => ({
        precision: share(hits, this.given[c]!),
        recall: share(hits, this.present[c]!),
        images: this.present[c]!,
      })),
      loss: this.loss / this.count,
      count: this.count,
    };
  }
}

const notFinite = (image: number) =>
  new NasError('ENGINE_NOT_FINITE', `the model gives NaN for image ${image}: its weights or scales are broken`, {
    facts: { image },
    exitCode: exitCodes.failure,
  });
