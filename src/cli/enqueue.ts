import { existsSync, readFileSync } from 'node:fs';
import type { Candidate, Plan } from '../core/candidate.ts';
import { NasError } from '../core/errors.ts';
import type { StudyRecord } from '../core/store.ts';
import { checkSites } from '../network/compress/plan.ts';
import { transferPlan } from '../network/compress/transfer.ts';
import type { ModelSpec } from '../network/models/index.ts';
import { undisturbed } from '../search/sensitivity/probes.ts';
import { check } from '../search/space/check.ts';
import { nearest } from '../search/space/plan.ts';
import type { InitialTrial } from '../search/study/proposer.ts';
import { openStore, readStudy, type StudyView } from '../store/index.ts';
import { findTrial } from './commands/show.ts';
import { structureOf } from './compose.ts';
import { meaningOf } from './meaning.ts';
import { factsOf, type StudyFacts } from './study-facts.ts';

/** Where a study lies: `name`, or `name@file.db`; no name has an @, paths may. */
export function readOther(text: string, db: string): StudyView {
  const at = text.indexOf('@');
  const [name, file] = at < 0 ? [text, db] : [text.slice(0, at), text.slice(at + 1)];
  const store = openStore(file, { mode: 'read' });
  try {
    return readStudy(store, name);
  } finally {
    store.close();
  }
}

/**
 * Points that a user gives: a JSON file, or `trial 37 of NAME[@FILE]`. In a file, one candidate or a list of them, each with
 * values by parameter; what it leaves out stays as dense as the space allows.
 *
 * Throws NasError ENQUEUE_FILE, ENQUEUE_WHAT, CANDIDATE_UNKNOWN, CANDIDATE_VALUE, TRIAL_MISSING, STORE_MISSING.
 */
export function pointsOf(text: string, facts: StudyFacts, db: string): InitialTrial[] {
  const trial = /^(?:trial\s+)?(\d+)\s+of\s+(?:study\s+)?(\S.*)$/.exec(text.trim());
  if (trial) {
    const view = readOther(trial[2]!, db);
    const { candidate } = findTrial(view, Number(trial[1]));
    return [{ candidate: transferred(candidate, view.record, facts), origin: 'enqueued' }];
  }
  if (existsSync(text)) return fromFile(text, facts);
  const message = `--enqueue "${text}": there is no such file, and it is no trial of a study. Give a JSON file with candidates, or "trial 37 of NAME" (NAME@FILE for another database).`;
  throw new NasError('ENQUEUE_WHAT', message, { facts: { text } });
}

/** A candidate of another study as the nearest of this one's space: layer by layer, by name, else by what is most alike. */
export function transferred(candidate: Candidate, from: StudyRecord, to: StudyFacts): Candidate {
  const old = factsOf(from);
  const plan = meaningOf(old.space).plan(candidate);
  const [before, after] = [old, to].map(({ sections }) => structureOf(sections.model as unknown as ModelSpec));
  return nearest(to.space, transferPlan(plan, before!, after!));
}

function fromFile(file: string, { space, sections }: StudyFacts): InitialTrial[] {
  const base = undisturbed(space);
  const graph = structureOf(sections.model as unknown as ModelSpec);
  return listIn(file).map((values) => {
    const candidate = { ...base, ...values };
    check(space, candidate);
    const plan: Plan = meaningOf(space).plan(candidate);
    checkSites(graph, plan);
    return { candidate, origin: 'enqueued' };
  });
}

function listIn(file: string): Candidate[] {
  const refuse = (problem: string) =>
    new NasError('ENQUEUE_FILE', `${file}: ${problem}. Expected one candidate or a list, such as [{"stem/prune.keep": 0.5}].`, {
      facts: { file },
    });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refuse(`it cannot be read as JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const list: unknown[] = Array.isArray(content) ? content : [content];
  if (list.length === 0) throw refuse('it is empty');
  const bad = list.findIndex((entry) => !isCandidate(entry));
  if (bad >= 0) throw refuse(`entry ${bad + 1} is no map from parameters to values`);
  return list as Candidate[];
}

const isCandidate = (entry: unknown): boolean =>
  typeof entry === 'object' &&
  entry !== null &&
  !Array.isArray(entry) &&
  Object.values(entry).every((value) => ['string', 'number', 'boolean'].includes(typeof value));
