import { textWidth } from './text-width.ts';

/** What stands for the characters of the screens where the terminal has ASCII only. One column each, like themselves. */
const stands: Readonly<Record<string, string>> = {
  '─': '-',
  '━': '=',
  '│': '|',
  '┤': '+',
  '└': '+',
  '┬': '+',
  '┈': '.',
  '┊': ':',
  '├': '+',
  '●': 'o',
  '◆': '#',
  '▾': 'v',
  '✕': 'x',
  '★': '*',
  '·': '.',
  '…': '~',
  '—': '-',
  '−': '-',
  '×': 'x',
  '±': '~',
  '→': '>',
  '↑': '^',
  '↓': 'v',
  '▸': '>',
  '▲': '^',
  '▼': 'v',
  '⏎': '/',
  Δ: 'd',
  '░': '.',
  '▏': '_',
  '▁': '.',
  '▂': '.',
  '▃': ':',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '*',
  '█': '#',
  ä: 'a',
  ö: 'o',
  ü: 'u',
};

/** Text (escape sequences too) in ASCII; columns stay where they are. */
export const toAscii = (text: string): string => text.replace(/\P{ASCII}/gu, standFor);

function standFor(char: string): string {
  const known = stands[char];
  if (known !== undefined) return known;
  const dots = char.codePointAt(0)! - 0x2800;
  if (dots >= 0 && dots < 256) return dots === 0 ? ' ' : dotsOf(dots);
  return '?'.repeat(textWidth(char));
}

/** Braille cells by where their dots are: above, below, or both. */
function dotsOf(dots: number): string {
  const upper = dots & 0b00011011;
  const lower = dots & 0b11100100;
  if (upper && lower) return ':';
  return upper ? "'" : '.';
}

/**
 * Whether the terminal shows more than ASCII: the locale says UTF-8 (macOS and Windows need not say it), and it is not the
 * console of Linux, whose fonts lack most of it.
 */
export function speaksUnicode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  if (locale) return /utf-?8/i.test(locale);
  return platform === 'darwin' || platform === 'win32';
}
