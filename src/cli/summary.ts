import type { Goal, Metrics } from '../core/objective.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { endsOf } from '../core/trial.ts';
import { outcomes } from '../core/words.ts';
import { formatMetric, formatPercent, metricFormat, savedBy, savedText, timesLess, timesText } from '../dashboard/format.ts';
import type { StudyEnd } from '../search/study/options.ts';
import { readStudy } from '../store/index.ts';
import { isControllerFile } from './controller.ts';
import { emptyFront } from './empty-front.ts';
import { choiceOf, defaultPick } from './picking.ts';
import type { SearchFlags } from './search-settings.ts';
import { shellWord, studyWords } from './shell.ts';
import { fitted, outputWidth } from './wrap.ts';

const reasons: Readonly<Record<StudyEnd['reason'], string>> = {
  budget: 'All trials are finished',
  exhausted: 'Every candidate of the space has been tried',
  target: 'The target is reached',
  converged: 'The front has stopped growing',
  time: 'The time is up',
  stopped: 'Stopped',
  failing: 'Gave up: the trials keep failing',
};

/** One sentence, with the evidence where there is some. */
function reasonOf({ reason, evidence }: StudyEnd, { constraints }: Goal): string {
  const said = reasons[reason];
  if (reason === 'exhausted' && constraints.length > 0) return 'Every candidate that may keep the constraints has been tried';
  if (evidence?.reason === 'target') return `${said} by trial ${evidence.trial}`;
  if (evidence?.reason !== 'converged') return said;
  const [before, after] = [evidence.before, evidence.hypervolume].map((volume) => volume.toFixed(4));
  return `${said} (hypervolume ${before} → ${after} over the last ${evidence.results} results)`;
}

/** What a person reads when a search has ended: what came out, and what to type next. */
export function summarize(store: TrialStore, record: StudyRecord, end: StudyEnd, command: CommandWords): string {
  const view = readStudy(store, record.name);
  const choice = choiceOf(view);
  const lines = [`${reasonOf(end, choice.context.goal)}: ${outcomes(endsOf(view.trials))}; ${choice.front.length} on the front.`];
  if (choice.front.length === 0 && end.counts.done + end.counts.failed > 0) lines.push(fitted(emptyFront(view), outputWidth()));
  const { unfinished } = end.counts;
  if (end.reason === 'budget' && unfinished > 0)
    lines.push(
      `${unfinished} more ${unfinished === 1 ? 'was' : 'were'} decided for a larger budget: give --trials more to run ${unfinished === 1 ? 'it' : 'them'}.`,
    );
  if (end.failure) lines.push(`  ${end.failure.code}: ${end.failure.message}`);
  const { baseline } = choice.context;
  const best = defaultPick(choice);
  if (best && baseline) lines.push(comparison(best.number, savedBy(choice.context.goal), best.metrics, baseline));
  const where = studyWords(command.db, record.name);
  if (end.reason === 'stopped' || end.reason === 'time') lines.push(`Go on with:  ${command.resume}`);
  if (best) lines.push(`See it:      ${command.nas} front ${where}`, `Ship it:     ${command.nas} export ${where} --out model`);
  return lines.join('\n');
}

export interface CommandWords {
  /** How the user calls this program. */
  readonly nas: string;
  readonly db: string;
  /** The command line that goes on with this search. */
  readonly resume: string;
}

export function commandWords(flags: SearchFlags, trials: number): CommandWords {
  const { space, db, study } = flags;
  const named = study === undefined ? '' : ` --study ${shellWord(study)}`;
  const nas = process.env['npm_command'] === 'exec' ? 'npx nas' : 'nas';
  const resume = `${nas} search --space ${shellWord(space)}${named} --db ${shellWord(db)} --trials ${trials}${asBefore(flags)}`;
  return { nas, db, resume };
}

/** What a session was given and the study does not keep. A controller of the user's own has to be named each time. */
function asBefore({ workers, memory, deadline, controller, target, patience, replicate }: SearchFlags): string {
  return [
    target === undefined ? '' : ` --target ${shellWord(target)}`,
    patience === undefined ? '' : ` --patience ${patience}`,
    replicate === undefined ? '' : ` --replicate ${replicate}`,
    workers === undefined ? '' : ` --workers ${workers}`,
    memory === undefined ? '' : ` --memory ${memory}MB`,
    deadline === undefined ? '' : ` --deadline ${deadline}s`,
    controller !== undefined && isControllerFile(controller) ? ` --controller ${shellWord(controller)}` : '',
  ].join('');
}

function comparison(trial: number, saved: string, metrics: Metrics, baseline: Metrics): string {
  const accuracy = `${formatPercent(metrics['accuracy'])} (baseline ${formatPercent(baseline['accuracy'])})`;
  const times = timesLess(saved, metrics, baseline);
  const { label } = metricFormat(saved);
  const ratio = times >= 1 ? savedText(saved, times) : `${label} ${timesText(times)}`;
  const less = `${saved === 'size' ? '' : `${label} `}${formatMetric(saved, metrics[saved])}, ${ratio}`;
  return `Trial ${trial}: ${accuracy}, ${less}.`;
}
