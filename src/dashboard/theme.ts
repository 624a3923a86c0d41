import { createContext } from 'react';
import type { CellRole } from './scatter.ts';

/** What a piece of text is; how it looks is decided here alone. */
export type StyleName = CellRole | 'plain' | 'dim' | 'strong' | 'title' | 'key' | 'accent' | 'failure' | 'row';

/** Props of Ink's `Text`. */
export interface TextStyle {
  readonly color?: string;
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
}

export type Styles = Readonly<Record<StyleName, TextStyle>>;

/** Of the Okabe-Ito palette, which colour-blind people can tell apart; terminals with fewer colours take the nearest. */
const blue = '#56b4e9';
const orange = '#e69f00';
const purple = '#cc79a7';

const colours: Styles = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  title: { bold: true },
  key: { color: blue, bold: true },
  accent: { color: blue },
  failure: { color: purple },
  row: { inverse: true },
  trial: { color: blue },
  front: { color: orange, bold: true },
  line: { color: orange },
  baseline: { bold: true },
  selected: { color: orange, bold: true, inverse: true },
  bound: { dimColor: true },
  axis: { dimColor: true },
};

/** `NO_COLOR` (no-color.org) takes the colours away; weight and shape stay. */
export function stylesFor(environment: Readonly<Record<string, string | undefined>>): Styles {
  if (!environment['NO_COLOR']) return colours;
  const entries = Object.entries(colours).map(([name, { color: _, ...style }]) => [name, style] as const);
  return Object.fromEntries(entries) as Styles;
}

export const StylesContext = createContext<Styles>(colours);
