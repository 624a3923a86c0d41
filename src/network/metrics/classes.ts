import { didYouMean, NasError } from '../../core/errors.ts';
import type { ClassifierResult } from './metric.ts';

/** The class that a metric is taken of, as in `recall(Ankle boot)`. Throws NasError DATA_CLASS for one that the data do not have. */
export function classNamed<T extends { readonly name: string }>(classes: readonly T[], name = ''): T {
  const found = classes.find((each) => each.name === name);
  if (found) return found;
  const names = classes.map((each) => each.name);
  const shown = names.length > 20 ? `${names.slice(0, 20).join(', ')} … (${names.length} in all)` : names.join(', ');
  const message = `the data have no class "${name}".${didYouMean(name, names)} Classes: ${shown}.`;
  throw new NasError('DATA_CLASS', message, { facts: { class: name, classes: names } });
}

/** Recall of the classes that the validation images have. */
export const recalls = ({ perClass }: ClassifierResult): number[] =>
  perClass.filter(({ images }) => images > 0).map(({ recall }) => recall);
