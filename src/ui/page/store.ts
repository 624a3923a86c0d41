import type { AnalysedStudy, ChartInput } from '../../report/charts/chart.ts';
import { darkLook, lightLook } from '../../report/charts/look.ts';
import { keptBy } from '../../report/charts/parallel.ts';
import { axesFor } from '../../report/charts/view.ts';
import { analysePicture, importancesFor } from '../../report/study/analysis.ts';
import { mergeRows, type StudyChange, unpackRows } from '../../report/study/columns.ts';
import type { StudyPicture, TrialDetails } from '../../report/study/picture.ts';
import { announce } from './dom.ts';
import type { Source, StudyEntry } from './source.ts';
import { fromHash, type PageView, toHash } from './url-state.ts';

/** What the page shows. Replaced as a whole; parts that did not change stay the same objects. */
export interface PageState extends Omit<ChartInput, 'study' | 'view' | 'zoom' | 'width' | 'height'> {
  readonly studies: readonly StudyEntry[];
  readonly study: AnalysedStudy | undefined;
  readonly view: PageView;
  /** Why nothing can be shown. */
  readonly trouble: string | undefined;
  /** Whether the server answers. */
  readonly online: boolean;
}

type Listener = (state: PageState) => void;

const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');

/** The page's state, and everything that changes it. Listeners are called once per frame at most. */
export class PageStore {
  readonly source: Source;
  state: PageState;
  readonly #listeners: Listener[] = [];
  #drawing = false;
  #stopFollowing: () => void = () => undefined;
  #importanceTimer = 0;

  constructor(source: Source) {
    this.source = source;
    const view = fromHash(window.location.hash);
    this.state = {
      studies: [],
      study: undefined,
      others: [],
      view,
      look: lookOf(view),
      details: new Map(),
      running: new Map(),
      importances: new Map(),
      kept: undefined,
      trouble: undefined,
      online: true,
    };
    prefersDark.addEventListener('change', () => this.look({}));
    window.addEventListener('hashchange', () => void this.#followLink());
  }

  subscribe(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** The studies there are, then the one of the link, or the first. */
  async start(): Promise<void> {
    try {
      const { studies, first } = await this.source.studies();
      this.#set({ studies });
      const name = this.state.view.study || first || studies[0]?.name;
      if (name === undefined)
        return this.#set({ trouble: 'This database has no study yet. Start one with: nas search --space quick.yaml' });
      await this.open(name);
    } catch (error) {
      this.#set({ trouble: messageOf(error) });
    }
  }

  /** Shows another study. */
  async open(name: string): Promise<void> {
    this.#stopFollowing();
    try {
      const picture = await this.source.load(name);
      const study = { picture, analysis: analysePicture(picture) };
      const isOther = this.state.study !== undefined;
      const { view } = this.state;
      const kept = isOther ? { ...view, selected: undefined, pinned: [], filters: {}, against: [] } : view;
      this.#set({
        study,
        trouble: undefined,
        details: new Map(),
        running: new Map(),
        importances: new Map(),
        others: [],
        view: settled(kept, study, name),
      });
      this.#stopFollowing = this.source.follow(name, picture.position, {
        onChange: (change) => this.#change(change),
        onPassing: ({ running }) => this.#set({ running: new Map(running.map((trial) => [trial.trial, trial])) }),
        onLine: (online) => this.#line(online),
      });
      this.#afterView({ ...this.state.view, selected: undefined, pinned: [] });
      await this.#loadOthers();
      this.#rankSoon(0);
    } catch (error) {
      this.#set({ trouble: messageOf(error) });
    }
  }

  /** Looks at something else. */
  look(change: Partial<PageView>): void {
    const before = this.state.view;
    const view = { ...before, ...change };
    const hash = toHash(view);
    if (hash !== toHash(before)) window.history.replaceState(null, '', `#${hash}`);
    this.#set({ view, look: lookOf(view) });
    this.#afterView(before);
  }

  /** Adds a trial to those that are compared, or takes it away. */
  togglePinned(number: number): void {
    const { pinned } = this.state.view;
    const has = pinned.includes(number);
    this.look({ pinned: has ? pinned.filter((each) => each !== number) : [...pinned, number].slice(-6) });
    announce(has ? `Trial ${number} is not compared any more.` : `Trial ${number} is compared.`);
  }

  #afterView(before: PageView): void {
    const { view, study } = this.state;
    if (!study) return;
    const { head, rows } = study.picture;
    if (view.filters !== before.filters) this.#set({ kept: keptBy(head, rows, view.filters) });
    if (view.metric !== before.metric) this.#rankSoon(0);
    if (view.against !== before.against) void this.#loadOthers();
    if (view.selected !== before.selected || view.pinned !== before.pinned) void this.#loadDetails();
  }

  async #followLink(): Promise<void> {
    const view = fromHash(window.location.hash);
    const name = this.state.study?.picture.head.name;
    if (view.study && view.study !== name) {
      this.#set({ view });
      await this.open(view.study);
    } else if (this.state.study) this.look(settled(view, this.state.study, name!));
  }

  #change(change: StudyChange): void {
    const { study, view } = this.state;
    if (!study) return;
    const { picture } = study;
    const changed = unpackRows(change.trials);
    const rows = mergeRows(picture.rows, changed);
    const next: StudyPicture = {
      ...picture,
      rows,
      replicates: [...picture.replicates, ...change.replicates],
      live: change.live,
      position: change.position,
    };
    const details = new Map(this.state.details);
    for (const { number } of changed) details.delete(number);
    this.#set({
      study: { picture: next, analysis: analysePicture(next) },
      details,
      kept: keptBy(picture.head, rows, view.filters),
      online: true,
    });
    if (changed.length > 0) {
      this.#rankSoon(2000);
      void this.#loadDetails();
    }
  }

  #line(online: boolean): void {
    if (online !== this.state.online) this.#set({ online });
  }

  async #loadOthers(): Promise<void> {
    const { view, study } = this.state;
    const names = view.against.filter((name) => name !== study?.picture.head.name);
    const loaded = await Promise.all(names.map((name) => this.#other(name)));
    this.#set({ others: loaded.filter((other) => other !== undefined) });
  }

  async #other(name: string): Promise<AnalysedStudy | undefined> {
    const known = this.state.others.find(({ picture }) => picture.head.name === name);
    if (known) return known;
    try {
      const picture = await this.source.load(name);
      return { picture, analysis: analysePicture(picture) };
    } catch (error) {
      announce(messageOf(error));
      return undefined;
    }
  }

  /** Of the trials that are looked at; of the front where none is, for its learning curves. */
  async #loadDetails(): Promise<void> {
    const { view, study } = this.state;
    if (!study) return;
    const name = study.picture.head.name;
    const front = study.analysis.front.slice(0, 8).map(({ number }) => number);
    const chosen = [...(view.selected === undefined ? [] : [view.selected]), ...view.pinned];
    const wanted = (chosen.length > 0 ? chosen : front).filter(
      (number) => study.picture.rows[number] && !this.state.details.has(number),
    );
    const found = await Promise.all(wanted.map((number) => this.source.details(name, number).catch(() => undefined)));
    const details = new Map<number, TrialDetails>(this.state.details);
    for (const each of found) if (each) details.set(each.number, each);
    if (found.some(Boolean) && this.state.study?.picture.head.name === name) this.#set({ details });
  }

  /** Importance takes a moment: it waits for a pause, and for the page to be idle. */
  #rankSoon(ms: number): void {
    window.clearTimeout(this.#importanceTimer);
    this.#importanceTimer = window.setTimeout(() => window.requestIdleCallback(() => this.#rank(), { timeout: 3000 }), ms);
  }

  #rank(): void {
    const { study, view } = this.state;
    if (!study) return;
    const shares = importancesFor(study.picture, view.metric);
    this.#set({ importances: new Map(this.state.importances).set(view.metric, shares) });
  }

  #set(change: Partial<PageState>): void {
    this.state = { ...this.state, ...change };
    this.redraw();
  }

  /** Calls the listeners at the next frame. */
  redraw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      for (const listener of this.#listeners) listener(this.state);
    });
  }
}

function lookOf({ theme }: PageView) {
  const isDark = theme === 'dark' || (theme === 'auto' && prefersDark.matches);
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  return isDark ? darkLook : lightLook;
}

/** The view with every axis a metric of the study, and every trial one that it has. */
function settled(view: PageView, { picture }: AnalysedStudy, name: string): PageView {
  const has = (number: number) => number < picture.rows.length;
  return {
    ...view,
    study: name,
    ...axesFor(picture.head, view),
    selected: view.selected !== undefined && has(view.selected) ? view.selected : undefined,
    pinned: view.pinned.filter(has),
  };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
