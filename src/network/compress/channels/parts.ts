import type { ChannelGroup } from './groups.ts';

const known = new WeakMap<ChannelGroup, readonly (readonly number[])[]>();

/**
 * The channels of a group by who makes and reads them, each part ascending. Most groups have one part; where a Concat
 * brings layers together, each of them has one of its own.
 */
function partsOf(group: ChannelGroup): readonly (readonly number[])[] {
  const parts = known.get(group) ?? findParts(group);
  known.set(group, parts);
  return parts;
}

function findParts({ channels, members }: ChannelGroup): readonly (readonly number[])[] {
  const places = members.map((member) => new Set(member.channels));
  const parts = new Map<string, number[]>();
  for (let channel = 0; channel < channels; channel++) {
    const who = places.map((own) => (own.has(channel) ? 1 : 0)).join('');
    parts.set(who, [...(parts.get(who) ?? []), channel]);
  }
  return [...parts.values()];
}

/** How many channels stay: the nearest multiple; at least one of them, and one channel of every part; at most all. */
export function keptChannels(group: ChannelGroup, keep: number, multiple: number): number {
  const least = Math.ceil(partsOf(group).length / multiple);
  return Math.min(group.channels, Math.max(least, Math.round((keep * group.channels) / multiple)) * multiple);
}

/**
 * The `count` channels that stay, ascending: of every part the ones with the largest scores (of equal ones the first), at
 * least one, and as many as is its share. So no layer loses all its channels, and what shape the network gets does not depend
 * on the scores. `count` is what `keptChannels` gives.
 */
export function staying(group: ChannelGroup, scores: readonly number[], count: number): number[] {
  const parts = partsOf(group);
  const shares = sharesOf(
    parts.map(({ length }) => length),
    count,
  );
  const best = parts.flatMap((part, i) => [...part].sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, shares[i]));
  return best.sort((a, b) => a - b);
}

/**
 * Shares of `count` in proportion to the sizes, at least one each (D'Hondt's divisors): none grows while the count falls, and
 * none is larger than its size.
 */
function sharesOf(sizes: readonly number[], count: number): readonly number[] {
  const shares = sizes.map(() => 1);
  for (let given = sizes.length; given < count; given++) {
    const claims = sizes.map((size, i) => size / (shares[i]! + 1));
    shares[claims.indexOf(Math.max(...claims))]!++;
  }
  return shares;
}
