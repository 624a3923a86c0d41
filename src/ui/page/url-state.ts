import type { ViewState } from '../../report/charts/chart.ts';
import { firstLook } from '../../report/charts/view.ts';

/** Everything that a person chose to look at: what a link to the page carries, behind the `#`. */
export interface PageView extends ViewState {
  /** '' for the one that the server shows first. */
  readonly study: string;
  /** Other studies, to compare with. */
  readonly against: readonly string[];
  readonly three: boolean;
  readonly theme: 'auto' | 'light' | 'dark';
}

export const firstView: PageView = {
  study: '',
  against: [],
  ...firstLook,
  x: '',
  y: '',
  z: '',
  metric: '',
  three: false,
  theme: 'auto',
};

/** As short as can be: what is at its default is left out. */
export function toHash(view: PageView): string {
  const parts: [string, string][] = [];
  const add = (key: string, text: string, preset = '') => {
    if (text !== preset) parts.push([key, text]);
  };
  add('study', view.study);
  add('against', view.against.map(encodeURIComponent).join(','));
  add('trial', view.selected === undefined ? '' : String(view.selected));
  add('with', view.pinned.join(','));
  for (const axis of ['x', 'y', 'z', 'metric'] as const) add(axis, view[axis]);
  add('view', view.three ? '3d' : '');
  if (view.three) add('turn', view.turn.map((angle) => angle.toFixed(2)).join(','));
  for (const [name, [low, high]] of Object.entries(view.filters)) parts.push(['keep', `${name}:${low}:${high}`]);
  add('theme', view.theme, 'auto');
  return parts.map(([key, text]) => `${key}=${encodeURIComponent(text)}`).join('&');
}

/** The view of a link; what makes no sense in it is left at its default. */
export function fromHash(hash: string): PageView {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const text = (key: string) => parts.get(key) ?? '';
  const list = (key: string) => text(key).split(',').filter(Boolean);
  const turn = list('turn').map(Number);
  const theme = text('theme');
  return {
    study: text('study'),
    against: list('against').map(decodeURIComponent),
    selected: wholeNumber(text('trial')),
    pinned: list('with').flatMap((number) => wholeNumber(number) ?? []),
    filters: Object.fromEntries(parts.getAll('keep').flatMap(filterOf)),
    x: text('x'),
    y: text('y'),
    z: text('z'),
    metric: text('metric'),
    three: text('view') === '3d',
    turn: turn.length === 2 && turn.every(Number.isFinite) ? [turn[0]!, turn[1]!] : firstView.turn,
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
  };
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

/** `stem/prune.keep:0:2`; the name may hold anything but ends before the last two colons. */
function filterOf(text: string): [string, [number, number]][] {
  const match = /^(.+):(-?[\d.e+-]+):(-?[\d.e+-]+)$/.exec(text);
  const [low, high] = [Number(match?.[2] ?? Number.NaN), Number(match?.[3] ?? Number.NaN)];
  return match && Number.isFinite(low) && Number.isFinite(high) && low <= high ? [[match[1]!, [low, high]]] : [];
}
