/** What is claimed, in the order of the table. To add one: a Claim in a file of its group, and its name in the list below. */

import { networkNames } from '../networks.ts';
import type { Claim, Row } from '../row.ts';
import { architecture, combinations, goals } from './combined.ts';
import { dynamic } from './dynamic.ts';
import { distillation, lowRank } from './learned.ts';
import { afterTraining, whileTraining } from './quantization.ts';
import { speechOf } from './speech.ts';
import { criteria, layers, structured, timing } from './structured.ts';
import { unstructured } from './unstructured.ts';

const onImages: readonly Claim[] = [
  unstructured,
  structured,
  criteria,
  layers,
  timing,
  afterTraining,
  whileTraining,
  distillation,
  lowRank,
  dynamic,
  combinations,
  architecture,
  goals,
];

export const claims: readonly Claim[] = [...onImages, speechOf(onImages)];

/** The dense networks: what all rows of a network are compared with. */
const dense: readonly Row[] = networkNames.map((network) => ({ name: network, what: 'dense', network, techniques: {} }));

/** All rows, each once, by name. */
export const rows: ReadonlyMap<string, Row> = new Map(
  [...dense, ...claims.flatMap((claim) => claim.rows)].map((row) => [row.name, row]),
);
