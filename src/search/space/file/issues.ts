import type { z } from 'zod';
import { didYouMean } from '../../../core/errors.ts';
import { type Problems, show } from './problems.ts';
import { type Located, locate, type Range } from './source.ts';

type Issue = z.core.$ZodIssue;

/** Known keys of the object that a key was not found in; zod offers its schema only while the message is made. */
const knownKeys: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const shape: unknown = issue.inst && 'shape' in issue.inst._zod.def ? issue.inst._zod.def.shape : {};
  return Object.keys(shape as object).join(' ');
};

/** Checks a part of the file against a schema; its issues become problems. Returns undefined where there are any. */
export function parseSection<T extends z.ZodType>(
  schema: T,
  value: unknown,
  root: Located,
  name: string,
  problems: Problems,
): z.output<T> | undefined {
  const result = schema.safeParse(value, { error: knownKeys, reportInput: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues) addIssue(issue, root, name, problems);
  return undefined;
}

function addIssue(whole: Issue, root: Located, name: string, problems: Problems): void {
  const issue = innermost(whole);
  const { node, missing } = locate(root, issue.path);
  const path = [name, ...issue.path].filter((key) => key !== '').join('.');
  const subject = path === '' ? 'the file' : path;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    problems.add('SPACE_UNKNOWN_KEY', unknownKey(key, path, issue.message.split(' ')), node.entries?.get(key)?.key ?? node);
  } else if (missing !== undefined) {
    problems.add('SPACE_MISSING_KEY', `${subject} is missing: ${expectation(issue)}`, startOf(node));
  } else {
    const code = issue.code === 'invalid_type' ? 'SPACE_TYPE' : 'SPACE_VALUE';
    const found = issue.code === 'custom' ? '' : `, found ${show(node.value)}${guess(issue, node)}`;
    problems.add(code, `${subject}: ${expectation(issue)}${found}`, node);
  }
}

/** `model.depht: unknown key. Did you mean "depth"? Known: family, depth, widths.` */
export function unknownKey(key: string, path: string, known: readonly string[]): string {
  return `${path === '' ? '' : `${path}.`}${key.slice(0, 60)}: unknown key.${didYouMean(key, known)} Known: ${known.join(', ')}.`;
}

const startOf = (range: Range): Range => ({ start: range.start, end: range.start + 1 });

/** For a union of plain alternatives: the issue of the alternative that came furthest. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flatMap((branch) => (branch.length === 1 && branch[0]!.path.length > 0 ? branch : []))[0];
  return inner ? innermost({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

const words: Readonly<Record<string, string>> = {
  int: 'a whole number',
  object: 'a map',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${words[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}`;
    case 'invalid_union':
      return options(issue).length > 0 ? `expected ${oneOf(options(issue))}` : `expected ${alternatives(issue)}`;
    case 'too_small':
      return `must ${measure(issue.origin)} ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must ${measure(issue.origin)} ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'unrecognized_keys':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      return issue.message;
    default:
      return issue satisfies never;
  }
}

const measure = (origin: string): string => ({ array: 'have an item count of', string: 'have a length of' })[origin] ?? 'be';

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? show(values[0]) : `one of ${values.map(show).join(', ')}`;

/** Names that a discriminated union (`family: …`) or a list of literals knows. */
function options(issue: Issue): readonly unknown[] {
  if (issue.code === 'invalid_value') return issue.values;
  const named = issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
  return named.filter((name) => name !== undefined);
}

const alternatives = (issue: Extract<Issue, { code: 'invalid_union' }>): string =>
  [...new Set(issue.errors.map((branch) => (branch[0] ? expectation(branch[0]).replace(/^expected /, '') : '')))].join(' or ');

function guess(issue: Issue, node: Located): string {
  const names = options(issue).filter((name) => typeof name === 'string');
  return typeof node.value === 'string' ? `.${didYouMean(node.value, names)}`.replace(/^\.$/, '') : '';
}
