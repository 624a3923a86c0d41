import type { StudyView } from '../store/index.ts';
import type { PreparedFacts } from '../trial/prepare.ts';

/** What a trial's details say of the classes, in the order of `classesOf`. */
export interface RecordedRecall {
  readonly validation?: { readonly perClass?: readonly { readonly recall: number }[] };
}

/** Names of a study's classes, as its last session has found them; none before it has read any data. */
export function classesOf({ sessions }: Pick<StudyView, 'sessions'>): readonly string[] {
  const { prepared } = (sessions.at(-1)?.begin.facts ?? {}) as { readonly prepared?: PreparedFacts };
  return prepared?.data.classes ?? [];
}
