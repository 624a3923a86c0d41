import type { EChartsType } from 'echarts/core';
import { type Chart, type ChartInput, trialOf } from '../../report/charts/chart.ts';
import { fill, h } from './dom.ts';
import { createChart } from './draw.ts';
import type { PageState, PageStore } from './store.ts';
import { tipOf } from './tip.ts';

/** Where the mouse is on the canvas; `event` is the browser's own. */
interface Pointer {
  readonly offsetX: number;
  readonly offsetY: number;
  readonly event?: MouseEvent;
}

interface ZoomState {
  readonly startValue: number;
  readonly endValue: number;
}

/** How long a zoom or a drag has to rest. */
const restMs = 250;

export interface CardOptions {
  /** Controls beside the title. */
  readonly toolbar?: HTMLElement;
  /** Narrower screens scroll sideways instead of squeezing it. */
  readonly minWidth?: number;
  /** Which chart it shows, where that depends on the view. */
  readonly chartOf?: (state: PageState) => Chart;
  readonly onChart?: (chart: EChartsType, host: HTMLElement) => void;
  /** Draws anew as the trials that run go on. */
  readonly live?: boolean;
  /** After every drawing, for what no option can say. */
  readonly afterDraw?: (chart: EChartsType, state: PageState) => void;
}

/** Of a chart that has nothing to draw yet: its words say why. */
const emptyHeight = 24;

/** A chart with its title, its description in words, and a canvas that is drawn only while it can be seen. */
export class ChartCard {
  readonly element: HTMLElement;
  readonly #chart: Chart;
  readonly #store: PageStore;
  readonly #options: CardOptions;
  readonly #host: HTMLElement;
  readonly #caption: HTMLElement;
  readonly #tip = h('div', { class: 'tip', hidden: true });
  #drawing: EChartsType | undefined;
  /** What was drawn last. */
  #drawn: readonly unknown[] = [];
  #drawnBy: Chart | undefined;
  #visible = false;
  #zoom: ChartInput['zoom'];
  #zoomTimer = 0;

  constructor(chart: Chart, store: PageStore, options: CardOptions = {}) {
    this.#chart = chart;
    this.#store = store;
    this.#options = options;
    const id = `chart-${chart.name}`;
    this.#caption = h('p', { class: 'caption', id: `${id}-words` });
    this.#host = h('div', {
      class: 'canvas',
      role: 'img',
      'aria-labelledby': `${id}-title`,
      'aria-describedby': `${id}-words`,
      id,
    });
    if (options.minWidth) this.#host.style.minWidth = `${options.minWidth}px`;
    const scroller = h(
      'div',
      {
        class: 'scroller',
        ...(options.minWidth ? { tabindex: 0, role: 'group', 'aria-label': `${chart.title}, scrolls sideways` } : {}),
      },
      this.#host,
    );
    this.element = h(
      'section',
      { class: `card card-${chart.name}`, 'aria-labelledby': `${id}-title` },
      h('header', {}, h('h2', { id: `${id}-title` }, chart.title), options.toolbar),
      this.#caption,
      scroller,
      this.#tip,
    );
    new IntersectionObserver(([entry]) => this.#see(entry!.isIntersecting), { rootMargin: '200px' }).observe(this.element);
    new ResizeObserver(() => this.#resize()).observe(this.#host);
  }

  /** Draws the state where it can be seen, and where it was not drawn yet; returns whether it did. */
  update(state: PageState): boolean {
    const parts = this.#partsOf(state);
    if (!this.#visible || !state.study || parts.every((part, i) => part === this.#drawn[i])) return false;
    const chart = this.#options.chartOf?.(state) ?? this.#chart;
    const given = this.#inputOf(state);
    const input = { ...given, height: chart.height(given) };
    const words = chart.describe(input);
    if (this.#caption.textContent !== words) fill(this.#caption, words);
    this.#draw(chart, input);
    this.#drawn = parts;
    this.#drawnBy = chart;
    if (this.#drawing) this.#options.afterDraw?.(this.#drawing, state);
    return true;
  }

  #draw(chart: Chart, input: ChartInput): void {
    const option = chart.option(input);
    this.#host.style.height = `${option ? input.height : emptyHeight}px`;
    if (!option) {
      this.#drawing?.clear();
      return;
    }
    this.#drawing ??= this.#create();
    if (this.#drawing.getHeight() !== input.height || this.#drawing.getWidth() !== input.width) {
      this.#drawing.resize({ height: input.height, width: input.width });
    }
    const isSame = this.#drawnBy === chart;
    this.#drawing.setOption(option, isSame ? { replaceMerge: ['series', 'parallelAxis'] } : { notMerge: true });
  }

  #create(): EChartsType {
    const drawing = createChart(this.#host);
    const markOnce = () => {
      drawing.off('finished', markOnce);
      performance.mark(`${this.#chart.name} drawn`);
    };
    drawing.on('finished', markOnce);
    drawing.on('click', (event) => {
      const number = trialOf(event.value);
      if (number === undefined) return;
      const native = (event.event as { readonly event?: MouseEvent } | undefined)?.event;
      if (native?.shiftKey || native?.ctrlKey || native?.metaKey) this.#store.togglePinned(number);
      else this.#store.look({ selected: number });
    });
    drawing.on('mousemove', (event) => this.#hover(trialOf(event.value), event.event as Pointer | undefined));
    drawing.on('globalout', () => this.#hover(undefined));
    drawing.on('mouseout', () => this.#hover(undefined));
    drawing.on('datazoom', () => this.#zoomed(drawing));
    this.#options.onChart?.(drawing, this.#host);
    return drawing;
  }

  /** When the zoom has come to rest, a chart may show more of what was too close together. */
  #zoomed(drawing: EChartsType): void {
    window.clearTimeout(this.#zoomTimer);
    this.#zoomTimer = window.setTimeout(() => {
      const { dataZoom = [] } = drawing.getOption() as { readonly dataZoom?: readonly ZoomState[] };
      const [x, y] = dataZoom.map(({ startValue, endValue }) => [startValue, endValue] as const);
      if (!x || !y) return;
      this.#zoom = { x, y };
      this.#drawn = [];
      this.update(this.#store.state);
    }, restMs);
  }

  #hover(number: number | undefined, at?: Pointer): void {
    if (at?.event?.buttons) return;
    const { study, view } = this.#store.state;
    const row = number === undefined ? undefined : study?.picture.rows[number];
    this.#tip.hidden = !row;
    if (!row || !at || !study) return;
    fill(this.#tip, ...tipOf(row, study, view));
    const left = this.#host.offsetLeft + at.offsetX;
    const flip = at.offsetX > this.#host.clientWidth / 2;
    this.#tip.style.left = `${flip ? left - 14 - this.#tip.offsetWidth : left + 14}px`;
    this.#tip.style.top = `${this.#host.offsetTop + at.offsetY + 10}px`;
  }

  #partsOf({ study, others, view, look, details, running, importances, kept }: PageState): readonly unknown[] {
    return [study, others, view, look, details, importances, kept, this.#options.live ? running : undefined];
  }

  #inputOf(state: PageState): ChartInput {
    const { study, others, view, look, details, running, importances, kept } = state;
    return {
      zoom: this.#zoom,
      study: study!,
      others,
      view,
      look,
      details,
      running,
      importances,
      kept,
      width: this.#host.clientWidth,
      height: this.#host.clientHeight,
    };
  }

  #see(visible: boolean): void {
    this.#visible = visible;
    if (visible) this.#store.redraw();
  }

  #resize(): void {
    if (!this.#drawing || this.#drawing.getWidth() === this.#host.clientWidth) return;
    this.#drawn = [];
    this.update(this.#store.state);
  }
}
