import type { StudyView } from '../store/index.ts';
import type { PreparedFacts } from '../trial/prepare.ts';

/** What a trial's details say of the classes, in the order of `classesOf`. */
export interface RecordedRecall {
  readonly validation?: { readonly perClass?: readonly { readonly recall: number }[] };
}

/** What a study's last session has found of data and baseline; undefined before there is any. */
export function preparedOf({ sessions }: Pick<StudyView, 'sessions'>): PreparedFacts | undefined {
  return ((sessions.at(-1)?.begin.facts ?? {}) as { readonly prepared?: PreparedFacts }).prepared;
}

/** Names of a study's classes; none before any data were read. */
export const classesOf = (view: Pick<StudyView, 'sessions'>): readonly string[] => preparedOf(view)?.data.classes ?? [];
