import { join } from 'node:path';
import { exitCodes, NasError } from '../core/errors.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import { type Dataset, imageSize } from '../network/data/dataset.ts';
import type { Rows } from '../network/engine/rows.ts';
import { type Session, withSession } from '../network/engine/session.ts';
import { type TeacherSpec, teacherSchema } from '../network/models/index.ts';
import { readChecked, sha256, writeChecked } from './artefacts.ts';
import { normalizedAs } from './data.ts';
import { readGiven } from './given.ts';
import type { TrialHooks } from './protocol.ts';
import type { TrialSetup } from './setup.ts';

/** A network that the study names as its teacher; what it answers is computed once, and kept in a file. */
export interface Teacher {
  /** [classes] per training image, checked. */
  readonly rowsFile: string;
  readonly classes: number;
}

/** Images of one run. Files whose batch size is fixed mostly take one. */
const batchSizes = [128, 1];

/**
 * The study's teacher with its answers to all training images: any file that onnxruntime runs (quantized ones too) that takes
 * the images and gives scores, or probabilities, of the classes. Undefined where the study has none.
 *
 * @throws NasError NETWORK_MISSING, TEACHER_RUN, TEACHER_OUTPUT.
 */
export async function prepareTeacher(setup: TrialSetup, plain: Dataset, hooks: TrialHooks): Promise<Teacher | undefined> {
  if (setup.teacher === undefined) return undefined;
  const spec = teacherSchema.parse(setup.teacher);
  const dataset = spec.normalize ? normalizedAs(plain, spec.normalize, 'teacher') : plain;
  const classes = dataset.classes.length;
  const rowsFile = join(setup.baselineFolder, `${sha256(`teacher ${spec.sha256} ${dataset.hash}`)}.rows`);
  if (await readChecked(rowsFile)) return { rowsFile, classes };
  const bytes = readGiven(setup.baselineFolder, spec.sha256 ?? '');
  if (!bytes) throw missing(spec);
  const rows = await withSession(bytes, { threads: setup.threads }, (session) => answersOf(session, spec, dataset, hooks));
  await writeChecked(rowsFile, new Uint8Array(rows.buffer));
  return { rowsFile, classes };
}

/** What `prepareTeacher` wrote. */
export async function teacherRows({ rowsFile, classes }: Teacher): Promise<Rows> {
  const bytes = await readChecked(rowsFile);
  if (bytes) return { shape: [classes], data: new Float32Array(bytes.buffer) };
  throw new NasError('TEACHER_LOST', `the teacher's answers in ${rowsFile} are gone; start the search again`, {
    exitCode: exitCodes.failure,
  });
}

const missing = ({ file, sha256: hash = '' }: TeacherSpec) =>
  new NasError(
    'NETWORK_MISSING',
    `the teacher ${file} (SHA-256 ${hash}) is not kept on this machine. Run nas search --space again.`,
    {
      facts: { file, sha256: hash },
    },
  );

async function answersOf(session: Session, spec: TeacherSpec, dataset: Dataset, hooks: TrialHooks): Promise<Float32Array> {
  const { shape, normalization, train: split } = dataset;
  const classes = dataset.classes.length;
  const batchSize = await batchSizeOf(session, spec, dataset);
  const rows = new Float32Array(split.count * classes);
  let done = 0;
  for (const { x, count } of evaluationBatches({ split, shape, normalization, batchSize })) {
    hooks.checkpoint();
    rows.set(await answer(session, spec, dataset, x, count), done * classes);
    done += count;
    hooks.progress({ stage: 'teacher', done, total: split.count });
  }
  return rows;
}

/** The largest batch that the file takes. Throws NasError TEACHER_RUN where it takes none. */
async function batchSizeOf(session: Session, spec: TeacherSpec, dataset: Dataset): Promise<number> {
  let reason: unknown;
  for (const size of batchSizes) {
    try {
      await answer(session, spec, dataset, new Float32Array(size * imageSize(dataset.shape)), size);
      return size;
    } catch (error) {
      reason = error;
      if (!(error instanceof NasError) || error.code !== 'TEACHER_RUN') throw error;
    }
  }
  throw reason;
}

/** Scores [count, classes] of images. Probabilities become their logarithms: scores that have these probabilities. */
async function answer(
  session: Session,
  spec: TeacherSpec,
  dataset: Dataset,
  x: Float32Array,
  count: number,
): Promise<Float32Array> {
  const [input, output] = [session.inputs, session.outputs].map((names) => names[0]);
  const { shape } = dataset;
  const classes = dataset.classes.length;
  if (session.inputs.length !== 1 || input === undefined || output === undefined)
    throw failed('TEACHER_RUN', spec, `it must have one input, and has ${session.inputs.length}`);
  const feeds = { [input]: { dtype: 'float32', shape: [count, ...shape], data: x } } as const;
  const results = await session.run(feeds).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw failed('TEACHER_RUN', spec, `it does not run on images [${[count, ...shape].join(', ')}]: ${reason}`);
  });
  const scores = results[output]!;
  const rows = scores.data;
  if (!(rows instanceof Float32Array) || rows.length !== count * classes || scores.shape[0] !== count)
    throw failed(
      'TEACHER_OUTPUT',
      spec,
      `its first output is ${scores.dtype} [${scores.shape.join(', ')}], not scores of ${classes} classes`,
    );
  if (!rows.every(Number.isFinite)) throw failed('TEACHER_OUTPUT', spec, 'it gives numbers that are not finite');
  return areProbabilities(rows, classes) ? rows.map((value) => Math.log(Math.max(value, 1e-30))) : rows;
}

function areProbabilities(rows: Float32Array, classes: number): boolean {
  if (rows.some((value) => value < 0)) return false;
  for (let i = 0; i < rows.length; i += classes) {
    const sum = rows.subarray(i, i + classes).reduce((total, value) => total + value, 0);
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

const failed = (code: string, { file }: TeacherSpec, problem: string) =>
  new NasError(code, `teacher: ${file} cannot teach here: ${problem}.`, { facts: { file } });
