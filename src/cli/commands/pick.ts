import { formatMetric, formatPercent } from '../../dashboard/format.ts';
import { type Flip, flipsOf } from '../../search/pick/flips.ts';
import { pickRules } from '../../search/pick/index.ts';
import type { Member, PickRule } from '../../search/pick/rule.ts';
import { readStudy } from '../../store/index.ts';
import type { StudyOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { attempt, type Choice, choiceOf, pickOf, ruleNamed } from '../picking.ts';
import { studyWords } from '../shell.ts';
import { withStudy } from '../study-facts.ts';
import { type Column, table } from '../table.ts';
import { unbroken, wrapped } from '../wrap.ts';

interface PickOptions extends StudyOptions {
  readonly rule?: string;
  readonly json?: boolean;
}

/** `nas pick`: one model of the front by a rule, the runner-up, and what would turn the choice. */
export function pickModel(options: PickOptions): void {
  const rule = ruleNamed(options.rule);
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const choice = choiceOf(view);
  const picked = pickOf(rule, choice, view.record.name);
  const [, runnerUp] = rule.rank(choice.front, choice.context);
  const flips = runnerUp ? flipsOf(rule, choice.front, runnerUp, choice.context) : [];
  const others = pickRules.map((other) => ({ rule: other, pick: attempt(other, choice) }));
  if (options.json) {
    printJson({
      study: view.record.name,
      rule: rule.name,
      pick: brief(picked),
      runnerUp: runnerUp ? { ...brief(runnerUp), wouldWinWith: flips.map((flip) => ({ ...flip })) } : null,
      rules: others.map(({ rule: { name }, pick }) => ({ rule: name, trial: pick?.number ?? null })),
    });
    return;
  }
  const where = studyWords(options.db, view.record.name);
  print(
    [
      wrapped(`Trial ${picked.number}: ${numbers(picked, choice)}`),
      wrapped(`${rule.name}: ${rule.summary}.${rule.exception?.(picked, choice.context) ?? ''}`, '  ', '  '),
      wrapped(runnerUp ? describeRunnerUp(runnerUp, flips, choice) : 'The rule leaves no other choice.', '  ', '  '),
      '',
      table(others, columns(rule, choice)),
      '',
      wrapped(`Ship it: ${unbroken(`nas export --trial ${picked.number} ${where} --out model`)}`),
    ].join('\n'),
  );
}

const brief = ({ number, metrics }: Member) => ({ trial: number, metrics });

const numbers = ({ metrics }: Member, { context }: Choice): string =>
  context.goal.objectives.map(({ metric }) => `${metric} ${formatMetric(metric, metrics[metric])}`).join(', ');

function describeRunnerUp(runnerUp: Member, flips: readonly Flip[], choice: Choice): string {
  const line = `Runner-up: trial ${runnerUp.number}, ${numbers(runnerUp, choice)}`;
  if (flips.length === 0) return `${line}; no better value of one objective alone would make it the choice.`;
  const wishes = flips.map((flip) => describeFlip(flip, runnerUp));
  return `${line}; it would be picked with ${wishes.join(', or ')}.`;
}

function describeFlip({ metric, value }: Flip, { metrics }: Member): string {
  const own = metrics[metric]!;
  return `${metric} ${formatMetric(metric, value)} (${value < own ? '−' : '+'}${formatPercent(Math.abs(value / own - 1))})`;
}

interface Row {
  readonly rule: PickRule;
  readonly pick: Member | undefined;
}

const columns = (current: PickRule, { context }: Choice): Column<Row>[] => [
  { title: '', cell: ({ rule }) => (rule === current ? '▸' : '') },
  { title: 'rule', cell: ({ rule }) => rule.name },
  { title: 'trial', align: 'right', cell: ({ pick }) => (pick ? String(pick.number) : '—') },
  ...context.goal.objectives.map(
    ({ metric }): Column<Row> => ({
      title: metric,
      align: 'right',
      cell: ({ pick }) => formatMetric(metric, pick?.metrics[metric]),
    }),
  ),
  { title: 'picks', cell: ({ rule }) => rule.summary, wraps: true },
];
