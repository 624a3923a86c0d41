import { createContext } from 'react';
import type { CellRole } from './scatter.ts';

/** What a piece of text is; how it looks is decided here alone. */
export type StyleName = CellRole | 'plain' | 'dim' | 'strong' | 'title' | 'key' | 'accent' | 'failure' | 'row' | 'tab';

/** Escape sequences before and after a text. */
export interface Style {
  readonly open: string;
  readonly close: string;
}

export type Styles = Readonly<Record<StyleName, Style>>;

/** Bits per colour, as `tty.WriteStream.getColorDepth()` counts them; 1: no colours (`NO_COLOR`). */
export type ColorDepth = 1 | 4 | 8 | 24;

/** SGR parameters of a colour for terminals with 16, 256 and all colours. */
interface Color {
  readonly 4: string;
  readonly 8: string;
  readonly 24: string;
}

/** Of the Okabe-Ito palette, which colour-blind people can tell apart. */
const blue: Color = { 4: '96', 8: '38;5;74', 24: '38;2;86;180;233' };
const orange: Color = { 4: '93', 8: '38;5;214', 24: '38;2;230;159;0' };
const purple: Color = { 4: '95', 8: '38;5;175', 24: '38;2;204;121;167' };

interface Look {
  readonly color?: Color;
  readonly weight?: 'bold' | 'dim';
  readonly inverse?: true;
}

const looks: Readonly<Record<StyleName, Look>> = {
  plain: {},
  dim: { weight: 'dim' },
  strong: { weight: 'bold' },
  title: { weight: 'bold' },
  key: { color: blue, weight: 'bold' },
  accent: { color: blue },
  failure: { color: purple },
  row: { inverse: true },
  tab: { weight: 'bold', inverse: true },
  trial: { color: blue },
  front: { color: orange, weight: 'bold' },
  line: { color: orange },
  baseline: { weight: 'bold' },
  selected: { color: orange, weight: 'bold', inverse: true },
  bound: { weight: 'dim' },
  axis: { weight: 'dim' },
};

/** The styles for a terminal; without colours, weight and shape still tell things apart. */
export function stylesFor(depth: ColorDepth): Styles {
  return Object.fromEntries(Object.entries(looks).map(([name, look]) => [name, styleOf(look, depth)])) as unknown as Styles;
}

function styleOf({ color, weight, inverse }: Look, depth: ColorDepth): Style {
  const codes: (readonly [on: string, off: string])[] = [];
  if (weight) codes.push([weight === 'bold' ? '1' : '2', '22']);
  if (inverse) codes.push(['7', '27']);
  if (color && depth > 1) codes.push([color[depth as 4 | 8 | 24], '39']);
  const sequence = (params: readonly string[]) => params.map((param) => `\x1b[${param}m`).join('');
  return { open: sequence(codes.map(([on]) => on)), close: sequence(codes.map(([, off]) => off).toReversed()) };
}

export const StylesContext = createContext<Styles>(stylesFor(1));
