import type { Shape } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';

/** How many weights of a layer stay, and where: `block` 1 is anywhere; otherwise `stay` of every `block` along `axis`. */
export interface Pattern {
  readonly shape: Shape;
  /** Axis of the weights that counts the layer's inputs. */
  readonly axis: number;
  readonly block: number;
  /** Of the layer (`block` 1), or of every full block. */
  readonly stay: number;
}

/** Weights of the layer that stay. A last block that is not full keeps as many as the others, at most all it has. */
export function stayCount({ shape, axis, block, stay }: Pattern): number {
  if (block === 1) return stay;
  const size = shape[axis]!;
  const perLine = Math.floor(size / block) * stay + Math.min(stay, size % block);
  return (elementCount(shape) / size) * perLine;
}

/** The same places with blocks that are no longer than a line of weights. */
export function withinLines(pattern: Pattern): Pattern {
  const block = Math.min(pattern.block, pattern.shape[pattern.axis]!);
  return block === pattern.block ? pattern : { ...pattern, block, stay: Math.min(pattern.stay, block) };
}

/** 1 at every weight that goes: those of the lowest scores; of equal ones the last stay. */
export function selectLowest(scores: ArrayLike<number>, pattern: Pattern): Uint8Array {
  const gone = new Uint8Array(scores.length);
  if (pattern.block === 1) {
    markLowest([scores], [gone], scores.length - pattern.stay);
    return gone;
  }
  for (const block of blocksOf(pattern)) {
    const ranked = [...block].sort((a, b) => scores[a]! - scores[b]! || a - b);
    for (const place of ranked.slice(0, Math.max(0, block.length - pattern.stay))) gone[place] = 1;
  }
  return gone;
}

/** Marks the `count` lowest of all scores together with 1; of equal ones the first. */
export function markLowest(scores: readonly ArrayLike<number>[], marks: readonly Uint8Array[], count: number): void {
  if (count <= 0) return;
  const sorted = Float64Array.from(scores.flatMap((each) => Array.from(each))).sort();
  const threshold = sorted[count - 1]!;
  let ties = count - sorted.indexOf(threshold);
  scores.forEach((each, i) => {
    for (let place = 0; place < each.length; place++) {
      const tied = each[place] === threshold && ties-- > 0;
      if (each[place]! < threshold || tied) marks[i]![place] = 1;
    }
  });
}

/** The places of every block: consecutive along the axis, everything else alike. */
function* blocksOf({ shape, axis, block }: Pattern): Generator<readonly number[]> {
  const size = shape[axis]!;
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let start = 0; start < size; start += block) {
        const length = Math.min(block, size - start);
        yield Array.from({ length }, (_, n) => (o * size + start + n) * inner + i);
      }
    }
  }
}
