import { NasError } from '../../core/errors.ts';
import type { TrialStore } from '../../core/store.ts';
import type { ModelSpec } from '../../network/models/index.ts';
import type { InitialTrial } from '../../search/study/proposer.ts';
import { openStore, readStudy } from '../../store/index.ts';
import { keyFunction } from '../compose.ts';
import { pointsOf } from '../enqueue.ts';
import { leaseStudy } from '../lease.ts';
import type { StudyOptions } from '../options.ts';
import { print } from '../output.ts';
import { chooseStudy, factsOf } from '../study-facts.ts';

/** `nas enqueue`: candidates that the next `nas search` of a study tries first. */
export function enqueue(what: readonly string[], options: StudyOptions): void {
  const store = openStore(options.db, { mode: 'write' });
  try {
    const record = chooseStudy(store, options);
    leaseStudy(store, record.name, options.db);
    const facts = factsOf(record);
    const keyOf = keyFunction(facts.sections.model as unknown as ModelSpec, facts.space);
    const tried = new Set(readStudy(store, record.name).trials.map(({ key }) => keyOf.recorded(key)));
    const points = what.flatMap((text) => pointsOf(text, facts, options.db));
    const known = new Set([...tried, ...queuedBefore(store, record.name).map(({ candidate }) => keyOf(candidate))]);
    const fresh = points.filter(({ candidate }) => {
      const key = keyOf(candidate);
      return !known.has(key) && known.add(key);
    });
    if (fresh.length === 0) throw nothingNew(record.name, points.length);
    store.append(record.name, [{ type: 'queued', at: Date.now(), trials: fresh }]);
    const others = points.length - fresh.length;
    print(
      `${fresh.length} queued in study "${record.name}"${others > 0 ? `; ${others} tried or queued before` : ''}. The next nas search tries them first.`,
    );
  } finally {
    store.close();
  }
}

const queuedBefore = (store: TrialStore, study: string): readonly InitialTrial[] =>
  store.eventsOf(study, ['queued']).flatMap((event) => (event.type === 'queued' ? event.trials : []));

const nothingNew = (study: string, points: number) =>
  new NasError(
    'ENQUEUE_KNOWN',
    `${points === 1 ? 'it was' : `all ${points} were`} tried or queued in study "${study}" before (nas ls shows what was tried): nothing is queued.`,
    {
      facts: { study, points },
    },
  );
