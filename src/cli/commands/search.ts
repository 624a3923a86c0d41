import { existsSync } from 'node:fs';
import type { CommandAnswer, StudyCommand } from '../../core/control.ts';
import type { Controller, ControllerContext } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Executor } from '../../core/executor.ts';
import type { Json } from '../../core/json.ts';
import type { StudyRecord, TrialStore } from '../../core/store.ts';
import type { DeviceFacts } from '../../device/protocol.ts';
import { createPoolExecutor } from '../../executors/index.ts';
import type { EngineChoice } from '../../network/engine/choice.ts';
import { describeSetup } from '../../network/engine/choice.ts';
import type { LayerTimes } from '../../network/metrics/layer-times/fit.ts';
import type { ModelSpec } from '../../network/models/index.ts';
import type { StartName } from '../../search/space/file/schema.ts';
import type { Space } from '../../search/space/space.ts';
import type { KeyFunction } from '../../search/study/keys.ts';
import { type StudyEnd, type StudyHandle, systemClock } from '../../search/study/options.ts';
import type { InitialTrial } from '../../search/study/proposer.ts';
import { runStudy } from '../../search/study/run.ts';
import { fewestResults } from '../../search/study/stopping.ts';
import { openControl, openStore, readStudy } from '../../store/index.ts';
import type { DataFacts } from '../../trial/predict.ts';
import type { PreparedFacts } from '../../trial/prepare.ts';
import { countFramed } from '../analyse.ts';
import { budgetOfSession } from '../budget.ts';
import { preparedOf } from '../classes.ts';
import { keyFunction, loadSpace } from '../compose.ts';
import { type ControlServer, serveControl } from '../control-server.ts';
import { controllerFor, isControllerFile } from '../controller.ts';
import { describeDevice } from '../device.ts';
import { engineOfStudy } from '../engine.ts';
import { chooseFaster } from '../faster.ts';
import { nothingLeft } from '../finished.ts';
import { Foresight } from '../foresight.ts';
import { GarbageWatch } from '../garbage-watch.ts';
import { type Given, givenBy } from '../given.ts';
import { leaseStudy } from '../lease.ts';
import { meaningOf } from '../meaning.ts';
import { NoiseWatch } from '../noise-watch.ts';
import { note, type OutputTrouble, onOutputTrouble, print } from '../output.ts';
import { logScale } from '../picking.ts';
import { placing } from '../placed.ts';
import { showWait } from '../progress-line.ts';
import { hasFront, replicate } from '../replication.ts';
import { removeCheckpoint, schedulerOf } from '../schedule.ts';
import { openScreen, type Screen } from '../screen.ts';
import {
  checkStudyName,
  checkUnchanged,
  checkWorkers,
  defaultStart,
  newRecord,
  type RunSettings,
  type SearchFlags,
  settleFlags,
} from '../search-settings.ts';
import { defaultMemoryMb, isIndifferentToTimes, setupOf } from '../setup.ts';
import { onInterrupt } from '../signals.ts';
import { refusalOf } from '../start.ts';
import { engineOf, factsOf, withStart } from '../study-facts.ts';
import { commandWords, summarize } from '../summary.ts';
import { checkControllerFile } from '../user-controller/check.ts';
import { openUserController } from '../user-controller/remote.ts';
import { defaultWorkers } from '../workers.ts';
import { checkWritable } from '../writable.ts';

/** `nas search`: starts a study, or goes on with it. Returns the exit code. */
export async function search(flags: SearchFlags): Promise<number> {
  const space = loadSpace(flags.space);
  const settings = settleFlags(flags, space);
  checkWritable(flags.db);
  // A database that is there is opened, and its study locked, before minutes of training. A new one is made after them:
  // bad data then leaves nothing behind.
  const store = existsSync(flags.db) ? openStore(flags.db, { mode: 'write' }) : undefined;
  try {
    const found = store?.find(settings.study);
    if (found) checkUnchanged(found, space, settings);
    else checkStudyName(settings.study);
    checkWorkers(settings, found);
    if (found) leaseStudy(store!, found.name, flags.db, ' --study NAME begins another study, nas watch shows this one.');
    const end = found && nothingLeft(store!, found, settings, flags);
    if (end && !flags.json) {
      print(summarize(store!, found, end, commandWords(flags, settings.trials)));
      return exitCodeOf(end);
    }
    const choose = () => (found ? engineOfStudy(found.name, engineOf(found)) : chooseFaster(settings.engine, space));
    const engine = await (flags.json ? choose() : showWait('Trying out what trains here', choose));
    const record = found ?? newRecord(space, settings, engine);
    const workers = settings.workers ?? defaultWorkers(engine);
    const controller = await controllerOf(record);
    const run = new SearchRun(flags, { ...settings, workers }, record, controller, engine, found ? store : undefined);
    return await placing(space, () => run.run());
  } finally {
    store?.close();
  }
}

/** It was not there when this search began to make ready. */
function create(store: TrialStore, record: StudyRecord): void {
  if (store.find(record.name)) {
    const message = `another search has begun study "${record.name}" meanwhile. nas watch shows it; this command goes on with it when it has ended, --study names another one.`;
    throw new NasError('STORE_LOCKED', message, { facts: { study: record.name } });
  }
  store.create(record);
}

type OpenController = (context: ControllerContext<Space>, data: DataFacts, times?: LayerTimes) => Promise<Controller>;

/** How the study's controller is made; one of the user's own is tried out first. */
async function controllerOf(record: StudyRecord): Promise<OpenController> {
  const { space, goal, sections } = factsOf(record);
  const { model } = sections;
  const file = record.controller;
  if (isControllerFile(file)) {
    await checkControllerFile({ file, model, space, goal });
    return (context, data, times) => openUserController({ file, subject: { kind: 'network', model, data, times }, context });
  }
  const definition = controllerFor(file, space);
  return async (context) => definition.create(context);
}

/** One run of the command: an executor, a screen, and the study between them. */
class SearchRun {
  readonly #flags: SearchFlags;
  readonly #settings: RunSettings;
  readonly #record: StudyRecord;
  readonly #engine: EngineChoice;
  /** Where the study already is, for one that goes on. */
  readonly #store: TrialStore | undefined;
  readonly #screen: Screen;
  readonly #executor: Executor;
  readonly #openController: OpenController;
  readonly #keyOf: KeyFunction;
  /** What the study starts with: known once the data are. */
  #initial: readonly InitialTrial[] | undefined;
  /** What the user wants to be tried first. */
  readonly #given: Given;
  /** Commands from before were meant for an earlier session. */
  readonly #since = systemClock.wall();
  #handle: StudyHandle | undefined;
  /** Where the study is, as soon as it is anywhere. */
  #written: TrialStore | undefined;
  #stopping = false;

  constructor(
    flags: SearchFlags,
    settings: RunSettings,
    record: StudyRecord,
    openController: OpenController,
    engine: EngineChoice,
    store: TrialStore | undefined,
  ) {
    this.#flags = flags;
    this.#settings = settings;
    this.#record = record;
    this.#engine = engine;
    this.#store = store;
    this.#written = store;
    const { space, sections } = factsOf(record);
    const model = sections.model as unknown as ModelSpec;
    this.#openController = openController;
    this.#initial = factsOf(record).start?.trials;
    this.#keyOf = keyFunction(model, space);
    this.#given = givenBy(flags, record, store);
    this.#executor = createPoolExecutor({
      slots: settings.workers,
      setup: { ...setupOf(record, engine, flags.db, settings.workers), brieflyTimed: this.#isIndifferent() } as unknown as Json,
      planOf: meaningOf(space).plan,
      maxRssMb: flags.memory ?? defaultMemoryMb(),
      ...(flags.deadline === undefined ? {} : { deadlineMs: flags.deadline * 1000 }),
      warn: (message) => this.#log(message, 'warning'),
    });
    this.#screen = openScreen({
      flags,
      settings,
      record,
      framed: () => this.#initial && countFramed(this.#initial),
      store: () => this.#written,
      actions: { stop: () => this.#stop(), steer: (command) => this.#steer(command) },
    });
  }

  async run(): Promise<number> {
    const interrupts = onInterrupt({ first: () => this.#interrupt(), second: () => this.#leaveNow() }, this.#flags.program);
    onOutputTrouble(searchGoesOn(() => this.#stop()));
    try {
      const facts = await this.#prepare();
      if (facts === undefined) return exitCodes.interrupted;
      this.#log(trainsWith(this.#engine));
      const { timedOn } = facts as unknown as PreparedFacts;
      if (timedOn) this.#sayDevice(timedOn);
      for (const text of this.#given.notes) this.#log(text);
      const { controllerReason } = factsOf(this.#record);
      if (controllerReason !== undefined) this.#log(`Controller ${this.#record.controller}: ${controllerReason}.`);
      const foresight = this.#foresight(facts as unknown as PreparedFacts);
      if (!(await foresight.learnTimes())) return exitCodes.interrupted;
      const start = this.#initial ?? (await foresight.startingTrials(this.#start, this.#given));
      if (!start) return exitCodes.interrupted;
      this.#initial = start;
      this.#warnOfImpatience(start.length);
      return this.#store ? await this.#study(this.#store, facts, foresight) : await this.#newStudy(facts, foresight);
    } finally {
      interrupts.dispose();
      this.#screen.close();
      await this.#executor.close();
    }
  }

  /** Times of two machines are no times of one. */
  #sayDevice(device: DeviceFacts): void {
    this.#log(`Times are those of the device: ${describeDevice(device)}.`);
    const before = this.#store && preparedOf(readStudy(this.#store, this.#record.name))?.timedOn;
    if (before && describeDevice(before) !== describeDevice(device))
      this.#log(`Before, this study was timed on another one: ${describeDevice(before)}. Compare latencyRatio.`, 'warning');
  }

  #warnOfImpatience(initial: number): void {
    const { trials, stop } = this.#settings;
    if (stop.patience === undefined) return;
    const least = initial + Math.max(fewestResults, stop.patience);
    if (least >= trials)
      this.#log(`--patience does nothing here: it looks from result ${least + 1} on, of ${trials}.`, 'warning');
  }

  #interrupt(): void {
    this.#log('Stopping: running trials end at their next step. Once more leaves at once.');
    this.#stop();
  }

  #leaveNow(): void {
    this.#screen.close();
    process.exit(exitCodes.interrupted);
  }

  #log(message: string, level: 'info' | 'warning' = 'info'): void {
    this.#screen.emit({ type: 'log', at: systemClock.wall(), level, message });
  }

  #stop(): void {
    this.#stopping = true;
    this.#handle?.stop();
    this.#executor.stop(); // before the study there is nothing else, and after it there may be replications
  }

  #steer(command: StudyCommand): CommandAnswer {
    if (this.#handle) return this.#handle.steer(command);
    return { done: false, message: 'The search is still making ready; ask again when the first trial runs.' };
  }

  /** Data and baseline; undefined when the user stopped it. */
  async #prepare(): Promise<Json | undefined> {
    try {
      const facts = await this.#executor.open((progress) =>
        this.#screen.emit({ type: 'progress', at: systemClock.wall(), trial: 0, worker: 0, progress }),
      );
      return this.#stopping ? undefined : facts;
    } catch (error) {
      if (this.#stopping) return undefined;
      throw error;
    }
  }

  #foresight(prepared: PreparedFacts): Foresight {
    return new Foresight({
      record: this.#record,
      keyOf: this.#keyOf,
      executor: this.#executor,
      prepared,
      say: (message) => this.#log(message),
      progressOf: (stage) => this.#progressOf(stage),
    });
  }

  #progressOf(stage: string): (done: number, total: number) => void {
    const [trial, worker] = [0, 0];
    return (done, total) =>
      this.#screen.emit({ type: 'progress', at: systemClock.wall(), trial, worker, progress: { stage, done, total } });
  }

  get #start(): readonly StartName[] {
    return this.#settings.start ?? defaultStart;
  }

  async #newStudy(facts: Json, foresight: Foresight): Promise<number> {
    const store = openStore(this.#flags.db, { mode: 'write' });
    try {
      create(store, withStart(this.#record, { with: this.#start, ...this.#given.from, trials: this.#initial! }));
      leaseStudy(store, this.#record.name, this.#flags.db);
      this.#written = store;
      return await this.#study(store, facts, foresight);
    } finally {
      this.#written = undefined;
      store.close();
    }
  }

  #isIndifferent(): boolean {
    return isIndifferentToTimes(this.#record, this.#settings.stop.target ?? []);
  }

  async #study(store: TrialStore, facts: Json, foresight: Foresight): Promise<number> {
    const { space, goal, lookAhead, schedule } = factsOf(this.#record);
    const { trials, seconds, stop } = this.#settings;
    let control: ControlServer | undefined;
    const noise = this.#isIndifferent() ? undefined : new NoiseWatch((message) => this.#log(message, 'warning'));
    const garbage = new GarbageWatch();
    const keyOf = this.#keyOf;
    const say = (message: string) => this.#log(message);
    const { data } = facts as unknown as PreparedFacts;
    const context = { space, goal, seed: this.#record.seed, keyOf, logScale, say, ...foresight.forControllers() };
    const controller = await this.#openController(context, data, foresight.times);
    const handle = runStudy({
      store,
      study: this.#record,
      executor: this.#executor,
      controller,
      goal,
      keyOf,
      initial: this.#initial!,
      enqueue: this.#store ? foresight.furtherTrials(this.#given) : [],
      refuse: refusalOf({ space, goal, predict: foresight.predict }),
      budget: { ...budgetOfSession(store, this.#record.name, trials), ...(seconds === undefined ? {} : { seconds }) },
      lookAhead,
      ...schedulerOf(schedule, goal),
      stop: { ...stop, logScale },
      discard: ({ sha256 }) => removeCheckpoint(this.#flags.db, sha256),
      facts: { prepared: facts, ...this.#given.from },
      onEvent: (event) => {
        this.#screen.emit(event);
        noise?.see(event);
        if (event.type === 'finished') garbage.look();
        control?.observe(event);
      },
    });
    this.#handle = handle;
    const channel = openControl(this.#flags.db, 'search');
    control = serveControl({ channel, study: this.#record.name, handle, workers: this.#settings.workers, since: this.#since });
    const end = await handle.done.finally(() => {
      control?.close();
      channel.close();
    });
    const replicates = this.#flags.replicate !== undefined && exitCodeOf(end) === exitCodes.ok;
    const missing = replicates ? await this.#replicate(store) : 0;
    if (missing > 0) this.#log(`Replicating was stopped; ${missing} are missing. The same command goes on.`);
    this.#screen.close();
    if (!this.#flags.json) print(summarize(store, this.#record, end, commandWords(this.#flags, handle.steered.budget.trials)));
    return missing > 0 ? exitCodes.interrupted : exitCodeOf(end);
  }

  /** Returns how many are missing. */
  async #replicate(store: TrialStore): Promise<number> {
    if (!hasFront(readStudy(store, this.#record.name))) {
      this.#log('Nothing is replicated: no trial keeps every constraint.', 'warning');
      return 0;
    }
    return replicate({
      store,
      record: this.#record,
      db: this.#flags.db,
      executor: this.#executor,
      seeds: this.#flags.replicate!,
      say: (line) => this.#log(line),
      onEvent: this.#screen.emit,
    });
  }
}

/** A reader that went away wants no more of it: like Ctrl-C. What cannot be written is only the talk: the study is in its database. */
function searchGoesOn(stop: () => void): OutputTrouble {
  let told = false;
  return {
    closed: stop,
    failed: (reason) => {
      if (!told) note(`warning: the output cannot be written, the search goes on without it: ${reason}`);
      told = true;
    },
  };
}

/** One line: what trains, and why not what would have come before. */
const trainsWith = (engine: EngineChoice): string =>
  [`Trains with ${describeSetup(engine)}.`, ...engine.reasons.map((reason) => `Not ${reason}`)].join(' ');

/** A study of which nothing could be measured has failed, however it ended. */
function exitCodeOf({ reason, counts }: StudyEnd): number {
  const nothing = counts.done === 0 && counts.failed > 0;
  switch (reason) {
    case 'budget':
    case 'exhausted':
    case 'target':
    case 'converged':
    case 'time':
      return nothing ? exitCodes.failure : exitCodes.ok;
    case 'stopped':
      return exitCodes.interrupted;
    case 'failing':
      return exitCodes.failure;
    default:
      return reason satisfies never;
  }
}
