import type { Losses } from '../../study/losses.ts';
import { nonDominatedRanks } from '../../study/pareto.ts';

/** How far a part of the front reaches beyond the member that it lies around, as a part of the front's extent. */
const margin = 0.1;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * The point up to which a growth of the hypervolume counts. In every second ask it is the worst loss of all, so that the
 * whole front grows; in the others it lies just behind one member of the front, so that only what is near it counts. A model
 * is never quite sure of the ends of a front, and a little of a doubt there, as wide and high as the whole front, would
 * outweigh all that can be gained in its middle.
 */
export function referenceOf(feasible: readonly Losses[], worst: Losses, turn: number): Losses {
  const ranks = nonDominatedRanks(feasible);
  const front = feasible.filter((_, i) => ranks[i] === 0).sort((a, b) => a[0]! - b[0]!);
  if (turn % 2 === 0 || front.length <= worst.length) return worst;
  const member = front[Math.floor(((turn * goldenRatio) % 1) * front.length)]!;
  return worst.map((limit, k) => {
    const values = front.map((losses) => losses[k]!);
    return Math.min(limit, member[k]! + margin * (Math.max(...values) - Math.min(...values)));
  });
}
