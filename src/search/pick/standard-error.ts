import { NasError } from '../../core/errors.ts';
import type { PickRule } from './rule.ts';
import { byLoss, required } from './support.ts';

/**
 * The smallest model whose accuracy is within one standard error of the best one's: what cannot be told apart from the
 * best by these images (the one-standard-error rule, Breiman et al. 1984, Classification and Regression Trees, 3.4.3).
 * An accuracy p over n images has the standard error √(p(1 − p)/n).
 */
export const standardError: PickRule = {
  name: 'one-se',
  summary: 'the smallest within one standard error of the best accuracy',
  rank(members, { images }) {
    if (images === undefined) throw unknownImages();
    const accuracies = members.map((member) => required('one-se', 'accuracy', member));
    const best = Math.max(...accuracies);
    const floor = best - Math.sqrt((best * (1 - best)) / images);
    return byLoss(
      members.filter((_, i) => accuracies[i]! >= floor),
      (member) => required('one-se', 'size', member),
    );
  },
};

const unknownImages = () =>
  new NasError(
    'PICK_IMAGES',
    'rule "one-se" needs the number of validation images, which this study (of an older version) did not record. Take another rule.',
  );
