import { hypervolume } from '../../study/hypervolume.ts';
import type { Losses } from '../../study/losses.ts';

/**
 * The `count` points that dominate much together: one after the other the one that adds most hypervolume to those taken
 * (greedy; within 1 − 1/e of the best subset, Nemhauser et al. 1978). What a point adds only shrinks, so that most are not
 * looked at again in a round; of equal ones the first. Returns places in `points`.
 */
export function subsetOfMostVolume(points: readonly Losses[], count: number, reference: Losses): number[] {
  const taken: number[] = [];
  let volume = 0;
  const open = points.map((point, place) => ({ place, gain: hypervolume([point], reference), round: 0 }));
  for (let round = 0; taken.length < count && open.length > 0; round++) {
    let best: (typeof open)[number] | undefined;
    open.sort((a, b) => b.gain - a.gain || a.place - b.place);
    for (const each of open) {
      if (best && each.gain < best.gain) break;
      if (each.round !== round) {
        each.gain = hypervolume([...taken.map((i) => points[i]!), points[each.place]!], reference) - volume;
        each.round = round;
      }
      if (!best || each.gain > best.gain || (each.gain === best.gain && each.place < best.place)) best = each;
    }
    taken.push(best!.place);
    volume += best!.gain;
    open.splice(open.indexOf(best!), 1);
  }
  return taken;
}
