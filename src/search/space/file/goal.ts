import { type MetricInfo, metricNamed, metricNames, metricParts } from '../../../core/catalog.ts';
import { didYouMean } from '../../../core/errors.ts';
import type { Constraint, Direction, Goal, Objective } from '../../../core/objective.ts';
import { type Problems, show } from './problems.ts';
import type { Located, Range, Source } from './source.ts';
import { toOwnUnit, unitsOf } from './units.ts';

/** Reads `objectives:` and `constraints:`. */
export function readGoal(root: Located, source: Source, metrics: readonly MetricInfo[], problems: Problems): Goal {
  const objectives = readObjectives(root.entries?.get('objectives')?.value, root, metrics, problems);
  const constraints = readConstraints(root.entries?.get('constraints')?.value, source, metrics, problems);
  return { objectives, constraints };
}

function readObjectives(
  node: Located | undefined,
  root: Located,
  metrics: readonly MetricInfo[],
  problems: Problems,
): Objective[] {
  const parts = node?.items ?? [...(node?.entries ?? [])];
  if (node && !node.items && !node.entries) {
    problems.add('SPACE_TYPE', `objectives: expected { metric: maximize } or a list of metrics, found ${show(node.value)}`, node);
  } else if (parts.length === 0) {
    const place = node ?? { start: root.start, end: root.start + 1 };
    problems.add(
      'SPACE_NO_OBJECTIVE',
      `objectives: there is none; name what to search for: ${metricNames(metrics).join(', ')}`,
      place,
    );
  }
  if (node?.entries)
    return [...node.entries].flatMap(([name, entry]) => readDirected(name, entry.key, entry.value, metrics, problems));
  const seen = new Set<string>();
  return (node?.items ?? []).flatMap((item) => readListed(item, metrics, seen, problems));
}

/** `accuracy: maximize` */
function readDirected(name: string, key: Range, node: Located, metrics: readonly MetricInfo[], problems: Problems): Objective[] {
  const metric = findMetric(name, key, metrics, problems);
  const { value } = node;
  if (value === 'maximize' || value === 'minimize')
    return metric ? [{ metric: metric.name, direction: value satisfies Direction }] : [];
  const guess = typeof value === 'string' ? didYouMean(value, ['maximize', 'minimize']) : '';
  problems.add('SPACE_VALUE', `objectives.${name}: expected maximize or minimize, found ${show(value)}.${guess}`, node);
  return [];
}

/** `- accuracy`: in the direction that people want. */
function readListed(item: Located, metrics: readonly MetricInfo[], seen: Set<string>, problems: Problems): Objective[] {
  const { value } = item;
  if (typeof value !== 'string') {
    problems.add('SPACE_TYPE', `objectives: expected the name of a metric, found ${show(value)}`, item);
    return [];
  }
  const metric = findMetric(value, item, metrics, problems);
  if (!metric) return [];
  const { name, better } = metric;
  if (seen.has(name)) problems.add('SPACE_DUPLICATE_VALUE', `objectives: ${show(value)} is listed twice`, item);
  seen.add(name);
  return [{ metric: name, direction: better }];
}

function findMetric(name: string, place: Range, metrics: readonly MetricInfo[], problems: Problems): MetricInfo | undefined {
  const metric = metricNamed(metrics, name);
  if (!metric) problems.add('SPACE_UNKNOWN_METRIC', `unknown metric ${show(name)}.${hintFor(name, metrics)}`, place);
  return metric;
}

/** What was meant by a name that is none. */
function hintFor(name: string, metrics: readonly MetricInfo[]): string {
  const { metric, of } = metricParts(name);
  const names = metrics.map((known) => known.name);
  const found = metrics.find((known) => known.name === metric);
  if (found && !found.of) return ` It is not of anything: ${metric}.`;
  if (found?.of?.what === 'class' || (found?.of && of === undefined))
    return ` Name the ${found.of.what}: ${metric}(${found.of.what.toUpperCase()}).`;
  if (found?.of) return `${didYouMean(of!, found.of.known)} Known: ${found.of.known.join(', ')}.`;
  return `${didYouMean(metric, names)} Known: ${metricNames(metrics).join(', ')}.`;
}

const mostConstraints = 100;

function readConstraints(
  node: Located | undefined,
  source: Source,
  metrics: readonly MetricInfo[],
  problems: Problems,
): Constraint[] {
  if (!node) return [];
  if (!node.items)
    problems.add('SPACE_TYPE', `constraints: expected a list such as ["accuracy >= 0.9"], found ${show(node.value)}`, node);
  const constraints: Constraint[] = [];
  const items = node.items ?? [];
  if (items.length > mostConstraints)
    problems.add('SPACE_VALUE', `constraints: ${items.length}; at most ${mostConstraints}`, node);
  for (const item of items.slice(0, mostConstraints)) {
    const constraint = readConstraint(item, source, metrics, problems);
    if (!constraint) continue;
    const contradiction = constraints.find((other) => excludes(constraint, other));
    if (contradiction) {
      const message = `${show(item.value)} contradicts ${contradiction.metric} ${contradiction.op} ${contradiction.bound}: no model can meet both`;
      problems.add('SPACE_CONTRADICTION', message, item);
    }
    constraints.push(constraint);
  }
  return constraints;
}

/**
 * Reads a target: `accuracy >= 91 %, size <= 40kB`, or a list of such texts. `label` names it in messages; the constraints of
 * the study hold beside it.
 */
export function readTarget(
  node: Located,
  source: Source,
  metrics: readonly MetricInfo[],
  problems: Problems,
  label: string,
): Constraint[] {
  return (node.items ?? [node]).flatMap(parts).flatMap((part) => readConstraint(part, source, metrics, problems, label) ?? []);
}

/** The parts of a text between commas, each with its place; the comma in a class's name is none. */
function parts(node: Located): Located[] {
  if (typeof node.value !== 'string') return [node];
  const { value, start, end } = node;
  const cuts = [-1];
  let isOpen = false;
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '(') isOpen = true;
    else if (value[i] === ')') isOpen = false;
    else if (value[i] === ',' && !isOpen) cuts.push(i);
  }
  return cuts.map((cut, i) => ({ start, end, value: value.slice(cut + 1, cuts[i + 1]), size: 1 }));
}

const excludes = (a: Constraint, b: Constraint): boolean =>
  a.metric === b.metric && a.op !== b.op && (a.op === '>=' ? a.bound > b.bound : a.bound < b.bound);

/** A metric, where it is of one class with that in brackets; an operator; a number; a unit. */
const syntax = /^(\s*)([^\s<>=(]+(?:\(.*\))?)(\s*)([<>=]+)(\s*)([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(\s*)(\S*)\s*$/i;

/** `size <= 200kB`, the bound in the metric's own unit afterwards. */
function readConstraint(
  node: Located,
  source: Source,
  metrics: readonly MetricInfo[],
  problems: Problems,
  label = 'constraints',
): Constraint | undefined {
  const { value } = node;
  const parts = typeof value === 'string' ? syntax.exec(value) : null;
  if (!parts) {
    const message = `${label}: expected "metric >= number unit" such as "size <= 200kB", found ${show(value)}`;
    problems.add(typeof value === 'string' ? 'SPACE_CONSTRAINT' : 'SPACE_TYPE', message, node);
    return undefined;
  }
  const place = (group: number) => placeOf(node, source, parts, group);
  const [, , name, , op, , number, , unit] = parts as unknown as string[];
  const metric = findMetric(name!, place(2), metrics, problems);
  if (op !== '>=' && op !== '<=') {
    problems.add('SPACE_CONSTRAINT', `${label}: expected >= or <=, found ${op}`, place(4));
    return undefined;
  }
  if (!metric) return undefined;
  if (!Number.isFinite(Number(number)))
    problems.add('SPACE_CONSTRAINT', `${label}: the bound is too large for a number`, place(6));
  const bound = toOwnUnit(Number(number), unit!, metric);
  if (bound === undefined) {
    const guess = didYouMean(unit!, unitsOf(metric));
    problems.add(
      'SPACE_UNIT',
      `${label}: ${name} has no unit ${show(unit)}.${guess} Units: ${unitsOf(metric).join(', ')}.`,
      place(8),
    );
    return undefined;
  }
  const fault = impossible(metric, op, bound, unit === '');
  if (fault) problems.add('SPACE_IMPOSSIBLE', `${label}: ${show(value)} can never hold: ${fault}`, place(6));
  return { metric: metric.name, op, bound };
}

/** Where a part of a constraint stands: within the text where the file has it literally, else the whole text. */
function placeOf(node: Located, source: Source, parts: RegExpExecArray, group: number): Range {
  const written = source.text.slice(node.start, node.end).indexOf(parts[0]);
  if (written < 0) return node;
  const before = parts.slice(1, group).reduce((length, part) => length + part.length, 0);
  const start = node.start + written + before;
  return { start, end: start + parts[group]!.length };
}

/** Why no model can meet a bound, where that is known beforehand. `isPlain`: it was written without a unit. */
function impossible(metric: MetricInfo, op: '>=' | '<=', bound: number, isPlain: boolean): string | undefined {
  if (metric.unit === 'fraction' && op === '>=' && bound > 1) {
    if (!isPlain) return `${metric.name} is at most 100 %`;
    return `${metric.name} is at most 1${bound <= 100 ? `; write ${bound} % or ${Number((bound / 100).toPrecision(6))}` : ''}`;
  }
  if (op === '<=' && bound < 0) return `${metric.name} is at least 0`;
  const positive = metric.unit === 'bytes' || metric.unit === 'ms';
  return op === '<=' && bound === 0 && positive ? `${metric.name} is more than 0` : undefined;
}
