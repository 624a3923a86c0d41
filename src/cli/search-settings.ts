import { didYouMean, NasError, pick } from '../core/errors.ts';
import type { LiveEvent } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import type { Constraint, Goal } from '../core/objective.ts';
import type { StudyRecord } from '../core/store.ts';
import { deviceNames, type EngineRequest, type EngineSetup, engineNames, setupOfChoice } from '../network/engine/choice.ts';
import { usualMetrics } from '../network/metrics/index.ts';
import { chooseController } from '../search/controllers/auto.ts';
import { controllers } from '../search/controllers/index.ts';
import type { SpaceFile } from '../search/space/file/parse.ts';
import { type StartName, startNames, studyName } from '../search/space/file/schema.ts';
import { defaultLookAhead } from '../search/study/options.ts';
import type { StopRules } from '../search/study/stopping.ts';
import { controllerHash, isControllerFile } from './controller.ts';
import { describeSchedule, type ScheduleFacts, settleSchedule, settleStop } from './schedule.ts';
import { shellWord } from './shell.ts';
import { engineOf, factsOf, type StudyFacts } from './study-facts.ts';
import { versions } from './versions.ts';

/** The options of `nas search` as they were typed. */
export interface SearchFlags {
  readonly space: string;
  readonly db: string;
  readonly study?: string;
  readonly trials?: number;
  /** Seconds. */
  readonly time?: number;
  readonly workers?: number;
  /** MB. */
  readonly memory?: number;
  /** Seconds. */
  readonly deadline?: number;
  readonly seed?: string;
  readonly controller?: string;
  /** Names of ways to begin, with commas. */
  readonly start?: string;
  readonly warmFrom?: string;
  readonly enqueue?: readonly string[];
  readonly scheduler?: string;
  readonly eta?: number;
  /** Epochs. */
  readonly rungs?: readonly number[];
  readonly lookAhead?: number;
  readonly target?: string;
  readonly patience?: number;
  /** Seeds. */
  readonly replicate?: number;
  readonly engine?: string;
  readonly device?: string;
  readonly json?: boolean;
  readonly plain?: boolean;
  /** Instead of a screen and of Ctrl-C, in a search that a program started. */
  readonly program?: { readonly onEvent: (event: LiveEvent) => void; readonly signal: AbortSignal | undefined };
}

/** The flags over the space file's own defaults over ours. */
export interface SearchSettings {
  readonly study: string;
  readonly trials: number;
  readonly seconds: number | undefined;
  readonly workers: number | undefined;
  /** undefined: not asked for; a new study takes the default, an old one keeps its own. */
  readonly seed: string | undefined;
  readonly controller: string | undefined;
  readonly start: readonly StartName[] | undefined;
  readonly lookAhead: number | undefined;
  readonly schedule: ScheduleFacts | undefined;
  readonly stop: StopRules;
  readonly engine: EngineRequest;
}

/** With everything settled that depends on the machine. */
export interface RunSettings extends SearchSettings {
  readonly workers: number;
}

const defaultTrials = 100;
const defaultSeed = '1';
/** Not a controller: the choice of one by budget and space. */
const autoController = 'auto';
export const defaultStart: readonly StartName[] = ['anchors'];

export function settleFlags(flags: SearchFlags, space: SpaceFile): SearchSettings {
  const { name, search: defaults } = space;
  const workers = flags.workers ?? defaults.workers;
  const lookAhead = flags.lookAhead ?? defaults.lookAhead;
  if (flags.controller !== undefined) checkControllerName(flags.controller);
  return {
    study: flags.study ?? name,
    trials: flags.trials ?? defaults.trials ?? defaultTrials,
    seconds: flags.time ?? defaults.time,
    workers,
    seed: flags.seed ?? defaults.seed,
    controller: flags.controller ?? defaults.controller,
    start: flags.start === undefined ? defaults.start : startOf(flags.start),
    lookAhead,
    schedule: settleSchedule(flags, space),
    stop: settleStop(flags, space),
    engine: {
      engine: oneOf('engine', ['auto', ...engineNames], flags.engine ?? 'auto'),
      device: oneOf('device', ['auto', ...deviceNames], flags.device ?? 'auto'),
    },
  };
}

/** Throws NasError UNKNOWN_CONTROLLER. */
function checkControllerName(name: string): void {
  if (name !== autoController && !isControllerFile(name)) pick('controller', [{ name: autoController }, ...controllers], name);
}

/** Of a study that is to be made; one that is there already keeps the name it has. Throws NasError BAD_OPTION. */
export function checkStudyName(name: string): void {
  if (studyName.pattern.test(name)) return;
  throw new NasError('BAD_OPTION', `--study ${JSON.stringify(name)}: the name ${studyName.rule}.`, { facts: { study: name } });
}

/** Throws NasError BAD_OPTION for more workers than trials of the study can run at once. */
export function checkWorkers({ workers, lookAhead }: SearchSettings, found: StudyRecord | undefined): void {
  const most = found ? factsOf(found).lookAhead : (lookAhead ?? defaultLookAhead);
  if (workers === undefined || workers <= most) return;
  const message = `--workers ${workers}: the study looks ${most} jobs ahead, so that at most ${most} run at once. A new study can look further: --look-ahead ${4 * workers} keeps ${workers} workers busy.`;
  throw new NasError('BAD_OPTION', message, { facts: { workers, lookAhead: most } });
}

/** `anchors,sensitivity`; empty text is none. */
const startOf = (text: string): StartName[] =>
  text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => oneOf('start', startNames, name));

function oneOf<T extends string>(option: string, known: readonly T[], value: string): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new NasError('BAD_OPTION', `--${option} ${value}: unknown.${didYouMean(value, known)} Known: ${known.join(', ')}.`, {
    facts: { option, value, known },
  });
}

/** A study never changes what it searches: its trials could not be compared. Throws NasError STUDY_CHANGED. */
export function checkUnchanged(record: StudyRecord, space: SpaceFile, settings: SearchSettings): void {
  const { seed, controller, lookAhead, schedule, engine: wished } = settings;
  const refuse = (what: string) => {
    const message = `study "${record.name}" exists already, ${what}. Give another --study NAME to start a new one.`;
    throw new NasError('STUDY_CHANGED', message, { facts: { study: record.name } });
  };
  if (record.space.hash !== space.hash) refuse(`and ${space.file} has changed since it was started`);
  if (seed !== undefined && seed !== record.seed) refuse(`with seed ${record.seed}, not ${seed}`);
  const { controllerReason, controllerSha256 } = factsOf(record);
  if (controllerSha256 !== undefined && controller === undefined) throw unnamedController(record);
  const same = controller === record.controller || (controller === autoController && controllerReason !== undefined);
  if (controller !== undefined && !same) refuse(`with controller ${record.controller}, not ${controller}`);
  if (controllerSha256 !== undefined && controllerHash(record.controller) !== controllerSha256)
    refuse(`and ${record.controller} has changed since it was started`);
  const facts = factsOf(record);
  const unmeasured = settings.stop.target?.find(({ metric }) => !facts.metrics.includes(metric));
  if (unmeasured) refuse(`and its trials were not measured for ${unmeasured.metric}, which the target names`);
  const [begun, asked] = [facts.start?.with ?? defaultStart, settings.start].map((names) => names?.join(', '));
  if (asked !== undefined && asked !== begun) refuse(`and it began with ${begun || 'nothing'}, not with ${asked || 'nothing'}`);
  if (lookAhead !== undefined && lookAhead !== facts.lookAhead)
    refuse(`with a look-ahead of ${facts.lookAhead}, not ${lookAhead}`);
  const [planned, wanted] = [describeSchedule(facts.schedule), describeSchedule(schedule ?? facts.schedule)];
  if (planned !== wanted) refuse(`with ${planned}, not with ${wanted}`);
  const { engine, device } = engineOf(record);
  if (wished.engine !== 'auto' && wished.engine !== engine) refuse(`with engine ${engine}, not ${wished.engine}`);
  if (wished.device !== 'auto' && wished.device !== device) refuse(`on device ${device}, not ${wished.device}`);
}

export function newRecord(space: SpaceFile, settings: SearchSettings, engine: EngineSetup): StudyRecord {
  const { model, data, baseline, trial, teacher, latency, firstAid, goal } = space;
  const { controller, ...whyController } = controllerOf(space, settings);
  const facts: StudyFacts = {
    goal,
    space: space.space,
    sections: {
      model,
      data,
      baseline,
      trial,
      ...(teacher === undefined ? {} : { teacher }),
      ...(latency === undefined ? {} : { latency }),
      ...(firstAid ? { firstAid } : {}),
    },
    metrics: measuredMetrics(space.goal, settings.stop.target),
    lookAhead: settings.lookAhead ?? defaultLookAhead,
    ...(settings.schedule ? { schedule: settings.schedule } : {}),
    versions: versions(),
    engine: setupOfChoice(engine),
    ...whyController,
  };
  return {
    name: settings.study,
    createdAt: Date.now(),
    seed: settings.seed ?? defaultSeed,
    controller,
    space: { file: space.file, text: space.text, hash: space.hash },
    facts: facts as unknown as Json,
  };
}

/** The usual metrics, and what else the search is asked for. */
export const measuredMetrics = ({ objectives, constraints }: Goal, target: readonly Constraint[] = []): string[] => [
  ...new Set([...usualMetrics, ...[...objectives, ...constraints, ...target].map(({ metric }) => metric)]),
];

/** The controller of a new study, and what its record says of it. Throws NasError CONTROLLER_FILE. */
function controllerOf(
  { space }: SpaceFile,
  { controller = autoController, trials }: SearchSettings,
): Pick<StudyRecord, 'controller'> & Pick<StudyFacts, 'controllerReason' | 'controllerSha256'> {
  if (isControllerFile(controller)) return { controller, controllerSha256: controllerHash(controller) };
  if (controller !== autoController) return { controller };
  const choice = chooseController(space, trials);
  return { controller: choice.controller, controllerReason: choice.reason };
}

const unnamedController = ({ name, controller }: StudyRecord) =>
  new NasError(
    'CONTROLLER_FILE',
    `study "${name}" searches with your own controller: name it again with --controller ${shellWord(controller)}.`,
    {
      facts: { study: name, controller },
    },
  );
