import type { EChartsCoreOption } from 'echarts/core';
import type { RunningTrial } from '../../core/control.ts';
import type { Analysis } from '../study/analysis.ts';
import type { StudyPicture, TrialDetails } from '../study/picture.ts';
import type { Look } from './look.ts';

/** A study with what was worked out from it. */
export interface AnalysedStudy {
  readonly picture: StudyPicture;
  readonly analysis: Analysis;
}

/** What a person looks at: the same for all charts. */
export interface ViewState {
  readonly selected: number | undefined;
  /** Trials to compare, in the order in which they were chosen. */
  readonly pinned: readonly number[];
  /** Per parameter or metric: the part of its axis that is asked for. */
  readonly filters: Readonly<Record<string, readonly [number, number]>>;
  readonly x: string;
  readonly y: string;
  readonly z: string;
  /** The metric that importance is about. */
  readonly metric: string;
  /** Radians of the view in three dimensions. */
  readonly turn: readonly [yaw: number, pitch: number];
}

export interface ChartInput {
  readonly study: AnalysedStudy;
  /** Other studies to compare with. */
  readonly others: readonly AnalysedStudy[];
  readonly view: ViewState;
  readonly look: Look;
  readonly details: ReadonlyMap<number, TrialDetails>;
  /** Trials that run now, by number; a report has none. */
  readonly running: ReadonlyMap<number, RunningTrial>;
  /** Shares per metric; absent while they are worked out. */
  readonly importances: ReadonlyMap<string, readonly number[] | undefined>;
  /** Trials that keep all filters; undefined where there is none. */
  readonly kept: ReadonlySet<number> | undefined;
  /** The part of the axes that is zoomed in on, where the chart can be zoomed. */
  readonly zoom?: { readonly x: readonly [number, number]; readonly y: readonly [number, number] } | undefined;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** One chart: the page draws it on a canvas, a report as SVG, from the same option. */
export interface Chart {
  readonly name: string;
  readonly title: string;
  /** What it shows, for those who do not see it, with the numbers that matter. */
  describe(input: ChartInput): string;
  /** Undefined where there is nothing to draw yet; `describe` then says why. */
  option(input: ChartInput): EChartsCoreOption | undefined;
  /** Pixels that it wants at this width. */
  height(input: ChartInput): number;
}

/** The last number of a point's value is its trial. */
export function trialOf(value: unknown): number | undefined {
  const last: unknown =
    Array.isArray(value) || ArrayBuffer.isView(value)
      ? (value as unknown as readonly unknown[])[(value as unknown as readonly unknown[]).length - 1]
      : undefined;
  return typeof last === 'number' && Number.isInteger(last) && last >= 0 ? last : undefined;
}
