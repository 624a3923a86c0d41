import type { Losses } from '../../study/losses.ts';
import { nonDominatedRanks } from '../../study/pareto.ts';

/** How far a part of the front reaches beyond the member that it lies around, as a part of the front's extent. */
const margin = 0.1;
/** As parts of the front's extent: what counts as equal, and what as surely different, in losses that are not exact. */
const [equal, different] = [0.02, 0.06];
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * The point up to which a growth of the hypervolume counts. In every second ask the whole front grows; in the others the point
 * lies just behind one member of the front, so that only what is near it counts. A model is never quite sure of the ends of a
 * front, and a little of a doubt there, as wide and high as the whole front, would outweigh all that can be gained in its
 * middle.
 *
 * For the whole front it is the worst loss of all, so that a front of two objectives grows at its ends. A front of three is
 * bounded by edges, along which an objective is at its best and its doubt outweighs everything: there the point lies a
 * little behind the front.
 */
export function referenceOf(feasible: readonly Losses[], worst: Losses, turn: number): Losses {
  const front = frontOf(feasible);
  const whole = turn % 2 === 0;
  if (front.length <= worst.length || (whole && worst.length < 3)) return worst;
  const member = front[Math.floor(((turn * goldenRatio) % 1) * front.length)]!;
  const extents = extentsOf(front);
  return worst.map((limit, k) => {
    const from = whole ? Math.max(...front.map((losses) => losses[k]!)) : member[k]!;
    return Math.min(limit, from + margin * extents[k]!);
  });
}

/** By the first loss; without members that only a little doubt keeps from being dominated. */
function frontOf(feasible: readonly Losses[]): readonly Losses[] {
  const ranks = nonDominatedRanks(feasible);
  const front = feasible.filter((_, i) => ranks[i] === 0).sort((a, b) => a[0]! - b[0]!);
  const extents = extentsOf(front);
  const nearlyBelow = (other: Losses, member: Losses) =>
    other.every((loss, k) => loss <= member[k]! + equal * extents[k]!) &&
    other.some((loss, k) => loss < member[k]! - different * extents[k]!);
  return front.filter((member) => !front.some((other) => nearlyBelow(other, member)));
}

const extentsOf = (front: readonly Losses[]): readonly number[] =>
  (front[0] ?? []).map((_, k) => {
    const values = front.map((losses) => losses[k]!);
    return Math.max(...values) - Math.min(...values);
  });
