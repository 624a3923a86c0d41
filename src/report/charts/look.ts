import { colorOf } from '../palette.ts';

/** The colours of a page: of the Okabe-Ito palette where something must be told apart, greys elsewhere. */
export interface Look {
  readonly name: 'light' | 'dark';
  readonly card: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly trial: string;
  readonly infeasible: string;
  readonly front: string;
  readonly baseline: string;
  readonly selected: string;
  /** Fill of what a constraint forbids. */
  readonly forbidden: string;
  /** From nothing to everything. */
  readonly scale: readonly [string, string, string];
  readonly series: (index: number) => string;
}

export const lightLook: Look = {
  name: 'light',
  card: '#ffffff',
  ink: '#1d2420',
  muted: '#5b655f',
  grid: '#e6e9e4',
  trial: '#7f9bb0',
  infeasible: '#c9cdc8',
  front: '#d55e00',
  baseline: '#1d2420',
  selected: '#0072b2',
  forbidden: 'rgba(110, 90, 60, 0.09)',
  scale: ['#f3f5f1', '#8fc3ae', '#00684b'],
  series: colorOf,
};

export const darkLook: Look = {
  name: 'dark',
  card: '#1b211e',
  ink: '#e8ece9',
  muted: '#a4aea8',
  grid: '#2f3733',
  trial: '#6f8aa0',
  infeasible: '#4a524e',
  front: '#ff8c42',
  baseline: '#f4f6f5',
  selected: '#56b4e9',
  forbidden: 'rgba(220, 190, 130, 0.09)',
  scale: ['#232a27', '#2f7d65', '#7fe0bd'],
  series: (index) => ['#56b4e9', '#ff8c42', '#2fbf94', '#e39cc4', '#f0b93a', '#9fd3f2', '#f4f6f5'][index % 7]!,
};
