/**
 * Mouse reports in SGR form (xterm's modes 1000 and 1006): `ESC [ < button ; column ; row M`, `m` for a release.
 * https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h3-Extended-coordinates
 */
export interface MouseEvent {
  readonly kind: 'press' | 'wheelUp' | 'wheelDown';
  /** From 0, the top left. */
  readonly column: number;
  readonly row: number;
}

/** Reports are asked for with `on`; a terminal that does not know them leaves it at that. */
export const mouseReports = { on: '\x1b[?1000h\x1b[?1006h', off: '\x1b[?1006l\x1b[?1000l' } as const;

/** The left button and the wheel; undefined for everything else. Ink takes the ESC away. */
export function mouseEventOf(input: string): MouseEvent | undefined | 'other' {
  const match = /^\[<(\d+);(\d+);(\d+)([Mm])$/.exec(input);
  if (!match) return undefined;
  const kind = match[4] === 'M' ? kinds.get(Number(match[1])) : undefined;
  return kind ? { kind, column: Number(match[2]) - 1, row: Number(match[3]) - 1 } : 'other';
}

const kinds: ReadonlyMap<number, MouseEvent['kind']> = new Map([
  [0, 'press'],
  [64, 'wheelUp'],
  [65, 'wheelDown'],
]);
