/** Weight of the entropy: how much a policy wants to stay undecided. */
const entropyWeight = 0.01;

/**
 * Slopes of `weight · log π(chosen) + entropy` by the logits of one decision, from its log-probabilities.
 * d log π(c) / d logit_i = [i = c] − p_i;  dH / d logit_i = −p_i (log p_i + H).
 */
export function slopesOf(logChances: Float64Array, chosen: number, weight: number): Float64Array {
  let entropy = 0;
  for (const logarithm of logChances) entropy -= Math.exp(logarithm) * logarithm;
  return logChances.map((logarithm, option) => {
    const chance = Math.exp(logarithm);
    return weight * ((option === chosen ? 1 : 0) - chance) - entropyWeight * chance * (logarithm + entropy);
  });
}

/** Results of other policies, and of this one as it was, count as far as this one would have done the same: within limits. */
export const importance = (now: number, then: number): number => Math.max(0.1, Math.min(1, Math.exp(now - then)));

const clip = 0.2;

/** Proximal policy optimization (Schulman et al. 2017): once a choice has become so much likelier (or less), that is enough. */
export function proximalWeight(advantage: number, now: number, start: number): number {
  const ratio = Math.exp(now - start);
  const enough = advantage > 0 ? ratio > 1 + clip : ratio < 1 - clip;
  return enough ? 0 : advantage * ratio;
}
