/** Where each stored value lies: numbers from the begin of a buffer on. */

export interface Place {
  /** Buffer 0 holds what is given, the others what is computed. */
  readonly buffer: number;
  readonly offset: number;
  readonly size: number;
}

/** A value is there from the step `from` to the step `to`, which both may touch it. */
export interface Lifetime {
  readonly name: string;
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Numbers: copies want 4 bytes, reads are faster from whole lines of memory. */
const alignment = 64;

const aligned = (size: number): number => Math.ceil(size / alignment) * alignment;

/** One after another, for good. */
export function inOrder(values: readonly { readonly name: string; readonly size: number }[]): {
  places: Map<string, Place>;
  size: number;
} {
  const places = new Map<string, Place>();
  let offset = 0;
  for (const { name, size } of values) {
    places.set(name, { buffer: 0, offset, size });
    offset += aligned(size);
  }
  return { places, size: offset };
}

interface Hole {
  readonly offset: number;
  readonly size: number;
}

/**
 * Values share memory where their times do not meet: each takes the smallest hole that it fits into (best fit), in the order
 * in which they come. Buffers hold `most` numbers.
 *
 * @throws RangeError where one value is larger than that.
 */
export function shared(values: readonly Lifetime[], most: number): { places: Map<string, Place>; sizes: number[] } {
  const places = new Map<string, Place>();
  const sizes: number[] = [];
  const holes: Hole[][] = [];
  const ending = new Map<number, string[]>();
  const ordered = values.toSorted((a, b) => a.from - b.from);
  let now = 0;
  for (const { name, size, from, to } of ordered) {
    for (; now < from; now++) for (const gone of ending.get(now) ?? []) giveBack(holes, places.get(gone)!);
    const place = take(aligned(size));
    places.set(name, { ...place, size });
    ending.set(to, [...(ending.get(to) ?? []), name]);
  }
  return { places, sizes };

  function take(size: number): { buffer: number; offset: number } {
    if (size > most) throw new RangeError(`a value of ${size * 4} bytes; a buffer of this device holds ${most * 4}`);
    const fitting = holes.flatMap((list, index) => list.filter((hole) => hole.size >= size).map((hole) => ({ hole, index })));
    const best = fitting.toSorted((a, b) => a.hole.size - b.hole.size)[0];
    if (best) {
      const { hole, index } = best;
      const rest = hole.size - size;
      holes[index] = holes[index]!.flatMap((each) =>
        each !== hole ? [each] : rest > 0 ? [{ offset: hole.offset + size, size: rest }] : [],
      );
      return { buffer: index + 1, offset: hole.offset };
    }
    let index = sizes.findIndex((used) => used + size <= most);
    if (index < 0) {
      index = sizes.push(0) - 1;
      holes.push([]);
    }
    const offset = sizes[index]!;
    sizes[index] = offset + size;
    return { buffer: index + 1, offset };
  }
}

function giveBack(holes: Hole[][], { buffer, offset, size }: Place): void {
  const all = [...holes[buffer - 1]!, { offset, size: aligned(size) }].toSorted((a, b) => a.offset - b.offset);
  const joined: Hole[] = [];
  for (const hole of all) {
    const before = joined.at(-1);
    if (before && before.offset + before.size === hole.offset) {
      joined[joined.length - 1] = { offset: before.offset, size: before.size + hole.size };
    } else joined.push(hole);
  }
  holes[buffer - 1] = joined;
}
