/**
 * Rules that choose one model of a front. To add one: a file beside this one with its PickRule, and a line in `pickRules`.
 * The first is the default.
 */
import { contribution } from './contribution.ts';
import { accurate, fastest, smallest } from './extreme.ts';
import { knee } from './knee.ts';
import { lexicographic } from './lexicographic.ts';
import { margin } from './margin.ts';
import type { PickRule } from './rule.ts';
import { standardError } from './standard-error.ts';

export const pickRules: readonly [PickRule, ...PickRule[]] = [
  margin,
  standardError,
  knee,
  smallest,
  fastest,
  accurate,
  lexicographic,
  contribution,
];
