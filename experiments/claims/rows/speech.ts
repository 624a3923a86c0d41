import type { Claim, Row } from '../row.ts';

/** The same strategy, on recordings. */
function heard(name: string, onImages: readonly Claim[]): Row {
  const row = onImages.flatMap(({ rows }) => rows).find((each) => each.name === name)!;
  return { ...row, name: nameOf(name), network: 'speech', timed: false };
}

const nameOf = (name: string) => `speech-${name}`;

/** What its loss of accuracy may be, in points: that of the claim on images. */
const strategies = [
  ['sparse-60', '60 % of the weights gone', 0.5],
  ['sparse-90', '90 % of them', 2],
  ['channels-50', 'half of the channels', 2],
  ['channels-25', 'a quarter of them stays', 4],
  ['without-block-3', 'without a block', 2],
  ['int8', 'INT8', 0.5],
  ['weights-4', '4-bit weights', 2],
  ['qat-4', '4 bits, trained with them', 0.3],
  ['student-half', 'half of the channels, taught', 3],
  ['rank-50-spatial', 'half of the rank', 3],
  ['exit-90', 'exits', 1],
  ['slim-25', 'half-width branches', 1],
  ['half-int8', 'half of the channels, INT8', 2],
  ['half-factored-int8-swapped', 'channels, rank, INT8', 4],
] as const;

/** Of the claims that were tested on images. */
export const speechOf = (onImages: readonly Claim[]): Claim => ({
  technique: 'image → speech',
  claim: 'a strategy that works on one data set fails on another, or differs from run to run',
  rows: strategies.map(([name]) => heard(name, onImages)),
  expectations: [
    ...strategies.map(([name, says, points]) => ({
      says: `${says}: within ${points} ${points === 1 ? 'point' : 'points'} on speech too`,
      row: nameOf(name),
      measure: 'change' as const,
      atLeast: -points / 100,
    })),
    {
      says: 'half of the channels better than its shape trained from scratch',
      row: nameOf('channels-50'),
      measure: 'overControl',
      atLeast: 0,
    },
    { says: 'exits save 30 % of the computation', row: nameOf('exit-90'), measure: 'saved', atLeast: 0.3 },
    { says: 'half-width branches save 30 %', row: nameOf('slim-25'), measure: 'saved', atLeast: 0.3 },
    { says: 'half of the channels, INT8: −80 %', row: nameOf('half-int8'), measure: 'smaller', atLeast: 5 },
  ],
  remark:
    'The rows are those of the images, with the same settings, on a network of the same shape that hears 1 s of a telephone prompt and says in which of five languages it is. One of the 552 recordings is 0.18 points: what differs from run to run weighs more than with 10,000 images.',
});
