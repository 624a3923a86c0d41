import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StudyEvent } from '../../src/core/event.ts';
import { openStore, readStudy } from '../../src/store/index.ts';

/** What the database and the models of a folder say of its study. */
export interface Inspection {
  /** Outcome as text, by job: `trial/rung`. */
  readonly finished: ReadonlyMap<string, string>;
  /** Results of a job that had one already. */
  readonly duplicates: number;
  /** Starts of a job that was started before. */
  readonly rerun: number;
  readonly unfinished: number;
  /** Models of done trials that are not there, or not what they were. */
  readonly brokenModels: number;
  /** Of all that must be equal for equal seeds: candidates, metrics, models; no times. */
  readonly digest: string;
}

/** Undefined where there is no study yet. */
export function inspect(folder: string): Inspection | undefined {
  const file = join(folder, 'nas.db');
  if (!existsSync(file) || readFileSync(file).length === 0) return undefined;
  const store = openStore(file, { mode: 'read' });
  try {
    const [record] = store.list();
    if (!record) return undefined;
    const { trials } = readStudy(store, record.name);
    const rows = trials.map((trial) => {
      const { number, state, candidate, key, origin } = trial;
      if (trial.state === 'failed') return { number, state, candidate, key, origin, code: trial.code };
      if (trial.state !== 'done') return { number, state, candidate, key, origin };
      const { accuracy, size, macs, params } = trial.metrics;
      return {
        number,
        state,
        candidate,
        key,
        origin,
        accuracy,
        size,
        macs,
        params,
        model: trial.artefact?.sha256,
        rung: trial.rung,
      };
    });
    const models = trials.flatMap((trial) => (trial.state === 'done' && trial.artefact ? [trial.artefact.sha256] : []));
    return {
      ...jobsOf(store.events(record.name)),
      unfinished: trials.filter(({ state }) => state === 'running' || state === 'waiting').length,
      brokenModels: models.filter((hash) => !isWhole(join(folder, 'nas.artefacts', `${hash}.onnx`), hash)).length,
      digest: sha256(JSON.stringify(rows)),
    };
  } finally {
    store.close();
  }
}

function jobsOf(events: Iterable<StudyEvent>): Pick<Inspection, 'finished' | 'duplicates' | 'rerun'> {
  const finished = new Map<string, string>();
  const started = new Set<string>();
  const rungs = new Map<number, number>();
  let [duplicates, rerun] = [0, 0];
  for (const event of events) {
    if (event.type === 'asked') rungs.set(event.trial, 0);
    if (event.type === 'continued') rungs.set(event.trial, rungs.get(event.trial)! + 1);
    if (event.type !== 'started' && event.type !== 'finished') continue;
    const job = `${event.trial}/${rungs.get(event.trial)}`;
    if (event.type === 'started') {
      if (started.has(job)) rerun++;
      started.add(job);
    } else if (event.outcome.state !== 'aborted') {
      if (finished.has(job)) duplicates++;
      finished.set(job, JSON.stringify(event.outcome));
    }
  }
  return { finished, duplicates, rerun };
}

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

const isWhole = (path: string, hash: string) => existsSync(path) && sha256(readFileSync(path)) === hash;
