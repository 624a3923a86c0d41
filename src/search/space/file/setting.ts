import type { Value } from '../../../core/candidate.ts';
import type { Knob } from '../../../core/catalog.ts';
import { didYouMean } from '../../../core/errors.ts';
import type { Domain } from '../space.ts';
import { unknownKey } from './issues.ts';
import { type Problems, show } from './problems.ts';
import type { Located } from './source.ts';

const rangeKeys = ['min', 'max', 'step', 'log'] as const;

/** Values of a list, levels of a range: more are a mistake, and would take minutes to look at. */
const mostLevels = 10_000;

/** Whether a value is written as a list or as a range, which makes its key a searched one. */
export const isSearched = (node: Located): boolean =>
  node.items !== undefined || (node.entries !== undefined && rangeKeys.some((key) => node.entries!.has(key)));

/**
 * What a setting allows: a list gives choices (ordered, and put in order, where they are numbers), {min, max} a range, anything
 * else the one value. `path` names the setting in messages. Undefined where it does not fit the knob: `problems` says why.
 */
export function readSetting(node: Located, knob: Knob, path: string, problems: Problems): Domain | undefined {
  if (node.items) return readList(node.items, node, knob, path, problems);
  if (node.entries) return readRange(node, knob, path, problems);
  const value = readValue(node, knob, path, problems);
  return value === undefined ? undefined : { kind: 'choice', values: [value], ordered: typeof value === 'number' };
}

function readList(items: readonly Located[], node: Located, knob: Knob, path: string, problems: Problems): Domain | undefined {
  if (items.length === 0)
    problems.add('SPACE_EMPTY_DOMAIN', `${path}: the list is empty; give it values: ${describeKnob(knob)}`, node);
  if (items.length > mostLevels) problems.add('SPACE_VALUE', `${path}: ${items.length} values; at most ${mostLevels}`, node);
  const values: Value[] = [];
  const seen = new Set<Value>();
  for (const item of items.slice(0, mostLevels)) {
    const value = readValue(item, knob, path, problems);
    if (value === undefined) continue;
    if (seen.has(value)) problems.add('SPACE_DUPLICATE_VALUE', `${path}: ${show(value)} is listed twice`, item);
    else values.push(value);
    seen.add(value);
  }
  if (values.length !== items.length || values.length === 0) return undefined;
  const numbers = values.filter((value) => typeof value === 'number');
  const ordered = numbers.length === values.length;
  return { kind: 'choice', values: ordered ? numbers.sort((a, b) => a - b) : values, ordered };
}

/** One value that the knob accepts, or undefined and a problem. */
function readValue(node: Located, knob: Knob, path: string, problems: Problems): Value | undefined {
  const { value } = node;
  if (knob.kind === 'number') return readNumber(node, knob, path, problems);
  if (isValue(value) && knob.values.includes(value)) return value;
  const guess = typeof value === 'string' ? didYouMean(value, knob.values.map(String)) : '';
  const code = isValue(value) && knob.values.some((known) => typeof known === typeof value) ? 'SPACE_VALUE' : 'SPACE_TYPE';
  problems.add(code, `${path}: expected ${describeKnob(knob)}, found ${show(value)}.${guess}`, node);
  return undefined;
}

const isValue = (value: unknown): value is Value =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function readNumber(
  node: Located,
  knob: Extract<Knob, { kind: 'number' }>,
  path: string,
  problems: Problems,
): number | undefined {
  const { value } = node;
  if (typeof value !== 'number') {
    const hint =
      typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? '; write it without quotes' : '';
    problems.add('SPACE_TYPE', `${path}: expected ${describeKnob(knob)}, found ${show(value)}${hint}`, node);
    return undefined;
  }
  if (value >= knob.min && value <= knob.max && (!knob.integer || Number.isInteger(value))) return value;
  problems.add('SPACE_VALUE', `${path}: expected ${describeKnob(knob)}, found ${value}`, node);
  return undefined;
}

/** What a knob accepts, in words. */
function describeKnob(knob: Knob): string {
  if (knob.kind === 'choice')
    return knob.values.length === 1 ? show(knob.values[0]) : `one of ${knob.values.map(show).join(', ')}`;
  return `a ${knob.integer ? 'whole ' : ''}number from ${knob.min} to ${knob.max}`;
}

function readRange(node: Located, knob: Knob, path: string, problems: Problems): Domain | undefined {
  const entries = node.entries!;
  if (knob.kind === 'choice') {
    problems.add('SPACE_TYPE', `${path}: expected ${describeKnob(knob)}, or a list of them; it has no range`, node);
    return undefined;
  }
  for (const [key, { key: place }] of entries) {
    if (!(rangeKeys as readonly string[]).includes(key))
      problems.add('SPACE_UNKNOWN_KEY', unknownKey(key, path, rangeKeys), place);
  }
  const [min, max] = (['min', 'max'] as const).map((key) => {
    const bound = entries.get(key)?.value;
    if (!bound)
      problems.add('SPACE_MISSING_KEY', `${path}.${key} is missing: a range is { min, max } with step or log where wanted`, node);
    return bound && readNumber(bound, knob, `${path}.${key}`, problems);
  });
  const step = readStep(entries.get('step')?.value, path, problems);
  const log = readLog(entries.get('log')?.value, path, problems);
  if (min === undefined || max === undefined || step === 'wrong' || log === 'wrong') return undefined;
  const range: Range = {
    kind: 'range',
    min,
    max,
    ...(step === undefined ? {} : { step }),
    ...(log ? { log } : {}),
    ...(knob.integer ? { integer: true } : {}),
  };
  const fault = faultOf(range);
  if (fault) problems.add('SPACE_RANGE', `${path}: ${fault.message}`, entries.get(fault.key)!.value);
  return fault ? undefined : range;
}

type Range = Extract<Domain, { kind: 'range' }>;

function readStep(node: Located | undefined, path: string, problems: Problems): number | undefined | 'wrong' {
  if (!node) return undefined;
  if (typeof node.value === 'number' && node.value > 0) return node.value;
  problems.add(
    typeof node.value === 'number' ? 'SPACE_RANGE' : 'SPACE_TYPE',
    `${path}.step: expected a number above 0, found ${show(node.value)}`,
    node,
  );
  return 'wrong';
}

function readLog(node: Located | undefined, path: string, problems: Problems): boolean | 'wrong' {
  if (!node) return false;
  if (typeof node.value === 'boolean') return node.value;
  problems.add('SPACE_TYPE', `${path}.log: expected true or false, found ${show(node.value)}`, node);
  return 'wrong';
}

/** What is wrong between the parts of a range, and at which of its keys. */
function faultOf({ min, max, step, log, integer }: Range): { key: (typeof rangeKeys)[number]; message: string } | undefined {
  if (min > max) return { key: 'min', message: `min ${min} is above max ${max}` };
  if (log && min <= 0) return { key: 'min', message: `a log range must begin above 0, found ${min}` };
  if (step === undefined) return undefined;
  if (log) return { key: 'step', message: 'step and log exclude each other; list the values instead' };
  if (integer && !Number.isInteger(step))
    return { key: 'step', message: `the steps of whole numbers must be whole, found ${step}` };
  if (step > max - min && max > min) return { key: 'step', message: `step ${step} is longer than the range ${min} to ${max}` };
  if ((max - min) / step >= mostLevels)
    return { key: 'step', message: `the range has more than ${mostLevels} steps; leave step out` };
  return undefined;
}
