import type { RunningTrial } from '../../core/control.ts';
import { formatMetric, formatPercent, formatPoints, metricFormat, timesText } from '../../dashboard/format.ts';
import type { AnalysedStudy } from '../../report/charts/chart.ts';
import { isFeasible, isMeasured } from '../../report/study/analysis.ts';
import type { StudyHead, TrialDetails, TrialRow } from '../../report/study/picture.ts';
import { suggestionsFor } from '../../report/study/suggestions.ts';
import { copy, fill, h } from './dom.ts';
import { askExport } from './export-dialog.ts';
import type { PageState, PageStore } from './store.ts';

/** The chosen trial against the baseline; while none is chosen, what the rules of `nas pick` would take. */
export function trialPanel(store: PageStore): HTMLElement {
  const body = h('div', { class: 'panel-body' });
  const title = h('h2', { id: 'panel-title' }, 'Trial');
  let drawn: readonly unknown[] = [];
  store.subscribe((state) => {
    const { study, view, details, running } = state;
    if (!study) return;
    const row = view.selected === undefined ? undefined : study.picture.rows[view.selected];
    const found = row && details.get(row.number);
    const now = row && running.get(row.number);
    const key = [study, row, found, now, view.pinned];
    if (key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    fill(title, row ? `Trial ${row.number}` : 'Worth a look');
    fill(body, ...(row ? chosen(row, { details: found, now }, study, store) : suggestions(state, store)));
  });
  return h('section', { class: 'card card-trial', 'aria-labelledby': 'panel-title' }, h('header', {}, title), body);
}

interface Known {
  readonly details: TrialDetails | undefined;
  /** What a trial that runs is at. */
  readonly now: RunningTrial | undefined;
}

function chosen(row: TrialRow, { details, now }: Known, study: AnalysedStudy, store: PageStore): HTMLElement[] {
  const { head } = study.picture;
  return [
    h('p', { class: 'badges' }, ...badges(row, study)),
    ...(now ? [progressOf(now)] : []),
    ...(row.why ? [h('p', { class: 'why' }, row.why)] : []),
    ...(isMeasured(row) ? [metricsTable(row, study, details)] : []),
    actions(row, head, store),
    ...(details?.remarks ?? []).map((remark) => h('p', { class: 'why' }, remark)),
    ...(details ? [choicesOf(details)] : []),
  ];
}

function progressOf({ progress }: RunningTrial): HTMLElement {
  const { stage, done, total, epoch, epochs, loss, accuracy } = progress;
  const texts = [stage];
  if (epoch !== undefined) texts.push(`epoch ${epoch}${epochs === undefined ? '' : ` of ${epochs}`}`);
  if (loss !== undefined) texts.push(`loss ${loss.toFixed(3)}`);
  if (accuracy !== undefined) texts.push(`${formatPercent(accuracy, 1)} of the batches right`);
  const bar = h('progress', { max: Math.max(1, total), value: done, 'aria-label': `Progress of ${stage}` });
  return h('p', { class: 'running' }, bar, h('span', {}, texts.join(' · ')));
}

function badges(row: TrialRow, { picture, analysis }: AnalysedStudy): HTMLElement[] {
  const { goal } = picture.head;
  const texts = [row.number === 0 ? 'baseline' : row.origin, row.state];
  if (analysis.onFront.has(row.number)) texts.push('on the front');
  if (isMeasured(row) && !isFeasible(row, goal)) texts.push('misses a constraint');
  if (row.fidelity !== null && row.fidelity < 1) texts.push(`${Math.round(row.fidelity * 100)} % trained`);
  return [...new Set(texts)].map((text) => h('span', { class: `badge${text === 'on the front' ? ' front' : ''}` }, text));
}

function metricsTable(row: TrialRow, { picture, analysis }: AnalysedStudy, details: TrialDetails | undefined): HTMLElement {
  const { baseline } = analysis;
  const rows = picture.head.metrics.flatMap(({ name, unit }) => {
    const value = row.metrics[name];
    if (value === undefined) return [];
    const before = baseline?.metrics[name];
    const interval =
      name === 'latencyMs' && details?.latencyMs
        ? `95 %: ${details.latencyMs.map((ms) => formatMetric(name, ms)).join(' to ')}`
        : undefined;
    return [
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, metricFormat(name).label),
        h('td', {}, formatMetric(name, value), interval && h('small', {}, interval)),
        h(
          'td',
          { class: 'muted' },
          before === undefined || row.number === 0
            ? ''
            : unit === 'fraction'
              ? `${formatPoints(value - before)} points`
              : metricFormat(name).relative
                ? ''
                : timesText(before / value),
        ),
      ),
    ];
  });
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'metric'),
    h('th', { scope: 'col' }, 'this trial'),
    h('th', { scope: 'col' }, 'against the baseline'),
  );
  return h('table', { class: 'metrics' }, h('thead', {}, head), h('tbody', {}, rows));
}

function actions(row: TrialRow, head: StudyHead, store: PageStore): HTMLElement {
  const command = `${head.exportCommand} --trial ${row.number} --out model-${row.number}`;
  const isPinned = store.state.view.pinned.includes(row.number);
  const hasModel = isMeasured(row);
  return h(
    'div',
    { class: 'buttons' },
    h(
      'button',
      { class: 'quiet', 'aria-pressed': String(isPinned), onclick: () => store.togglePinned(row.number) },
      isPinned ? 'Compared' : 'Compare',
    ),
    hasModel && h('button', { class: 'quiet', title: command, onclick: () => void copy(command) }, 'Copy export command'),
    hasModel &&
      !store.source.isFile &&
      h('button', { class: 'primary', onclick: () => askExport(store, row.number) }, 'Export …'),
  );
}

function choicesOf({ plan, layers }: TrialDetails): HTMLElement {
  const touched = layers.filter(({ choices }) => choices !== '');
  const entries =
    touched.length > 0
      ? touched.map(({ layer, choices }) => [layer, choices] as const)
      : Object.entries(plan.techniques).flatMap(([technique, sites]) =>
          Object.entries(sites).map(
            ([site, settings]) =>
              [
                site,
                `${technique} ${Object.entries(settings)
                  .map(([knob, value]) => `${knob} ${String(value)}`)
                  .join(', ')}`,
              ] as const,
          ),
        );
  if (entries.length === 0) return h('p', { class: 'muted' }, 'The dense network: nothing is compressed.');
  return h(
    'details',
    { class: 'choices' },
    h('summary', {}, `What it does to ${entries.length} layers`),
    h('dl', {}, ...entries.flatMap(([layer, text]) => [h('dt', {}, layer), h('dd', {}, text)])),
  );
}

function suggestions({ study }: PageState, store: PageStore): HTMLElement[] {
  const { head } = study!.picture;
  const found = suggestionsFor(head, study!.analysis);
  if (found.length === 0) return [h('p', { class: 'muted' }, nothingYet(study!)), facts(head)];
  const metrics = head.goal.objectives.map(({ metric }) => metric);
  const items = found.map(({ trial, rules }) =>
    h(
      'li',
      {},
      h(
        'button',
        { class: 'pick', onclick: () => store.look({ selected: trial.number }) },
        h('strong', {}, `Trial ${trial.number}`),
        h('span', { class: 'numbers' }, metrics.map((metric) => formatMetric(metric, trial.metrics[metric])).join(' · ')),
        h('span', { class: 'muted' }, rules.map(({ summary }) => summary).join('; ')),
      ),
    ),
  );
  return [h('ul', { class: 'picks' }, items), facts(head)];
}

function nothingYet({ picture, analysis }: AnalysedStudy): string {
  const { rows, live } = picture;
  const failed = rows.filter(({ state }) => state === 'failed');
  const measured = rows.filter(isMeasured).length;
  if (measured > 0 && analysis.front.length === 0)
    return `None of ${measured} measured trials keeps every constraint. The front appears with the first that does.`;
  if (failed.length > 0 && failed.length === rows.filter(({ state }) => state !== 'waiting').length)
    return `All ${failed.length} trials failed. The table below says why; nas doctor looks at this machine.`;
  return live
    ? 'No trial has finished yet. This page follows the search by itself.'
    : 'No trial has finished. Go on with the search to see some.';
}

const facts = ({ facts: all }: StudyHead): HTMLElement =>
  h(
    'details',
    { class: 'choices' },
    h('summary', {}, 'About this study'),
    h('dl', {}, ...all.flatMap(([label, text]) => [h('dt', {}, label), h('dd', {}, text)])),
  );
