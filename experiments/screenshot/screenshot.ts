/**
 * Pictures of the terminal screens, for the README: opens `nas watch` on a database in tmux, goes through the views by their
 * keys, and writes a PNG (by headless chromium) of each:
 *
 *   npx tsx experiments/screenshot/screenshot.ts nas.db results/terminal
 *
 * Needs tmux, chromium and the font DejaVu Sans Mono; braille dots and blocks are drawn as shapes, so they sit on the grid in
 * every viewer.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import xterm, { type IBufferCell, type IBufferLine } from '@xterm/headless';

const cell = { width: 8.4, height: 18, font: 14 };
const margin = 14;
const background = '#16181d';
const foreground = '#d7dae0';
const ansi = ['#16181d', '#cc5c5c', '#7aa874', '#d8a657', '#5c8fcc', '#b07ab8', '#5fb0b0', '#d7dae0'];
const bright = ['#6b7280', '#e57373', '#98c379', '#e9c46a', '#82b1ff', '#cf9fd6', '#80d4d4', '#ffffff'];

/** File name → the key that shows it. */
const shots: readonly (readonly [name: string, key: string])[] = [
  ['dashboard', '1'],
  ['trials', '2'],
  ['trial', '3'],
  ['layers', '4'],
];
const window = { columns: 120, rows: 36 };

const [database, folder] = process.argv.slice(2);
if (!database || !folder) throw new Error('usage: screenshot.ts DATABASE FOLDER');
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const session = `espalier-${process.pid}`;
const tmux = (...args: string[]) => execFileSync('tmux', ['-u', ...args], { encoding: 'utf8' });
mkdirSync(folder, { recursive: true });
const watch = `LANG=C.UTF-8 COLORTERM=truecolor TERM=xterm-256color ${process.execPath} --import tsx '${main}' watch --db '${resolve(database)}'`;
tmux('new-session', '-d', '-s', session, '-x', String(window.columns), '-y', String(window.rows), watch);
try {
  await shown('hypervolume');
  for (const [name, key] of shots) {
    tmux('send-keys', '-t', session, key);
    await sleep(3000);
    await draw(tmux('capture-pane', '-p', '-e', '-t', session), join(folder, name));
  }
} finally {
  tmux('kill-session', '-t', session);
}

async function shown(text: string): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    if (tmux('capture-pane', '-p', '-t', session).includes(text)) return;
    await sleep(1000);
  }
  throw new Error(`the screen never showed "${text}"`);
}

/** Writes `file`.png. */
async function draw(capture: string, file: string): Promise<void> {
  const lines = capture.replace(/\n$/, '').split('\n');
  const { columns } = window;
  const terminal = new xterm.Terminal({ cols: columns, rows: lines.length, allowProposedApi: true });
  await new Promise<void>((written) => terminal.write(lines.join('\r\n'), written));
  const size = { width: Math.ceil(columns * cell.width + 2 * margin), height: lines.length * cell.height + 2 * margin };
  const body = lines.map((_, row) => drawRow(terminal.buffer.active.getLine(row), row)).join('\n');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}">
<rect width="100%" height="100%" rx="8" fill="${background}"/>
<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="${cell.font}" xml:space="preserve">
${body}
</g>
</svg>
`;
  const scratch = join(mkdtempSync(join(tmpdir(), 'espalier-shot-')), 'shot.svg');
  writeFileSync(scratch, svg);
  toPng(scratch, `${file}.png`, size);
}

function drawRow(line: IBufferLine | undefined, row: number): string {
  const shapes: string[] = [];
  for (let column = 0; column < window.columns; column++) {
    const found = line?.getCell(column);
    if (found) shapes.push(...drawCell(found, margin + column * cell.width, margin + row * cell.height));
  }
  return shapes.join('');
}

function drawCell(found: IBufferCell, x: number, y: number): string[] {
  const [front, back] = [colourOf(found, 'front'), colourOf(found, 'back')];
  const [ink, paper] = found.isInverse() ? [back ?? background, front ?? foreground] : [front ?? foreground, back];
  const under = paper ? [rectangle(x, y, cell.width, cell.height, paper)] : [];
  const opacity = found.isDim() ? ' opacity="0.55"' : '';
  const char = found.getChars();
  if (char === '' || char === ' ') return under;
  const shape = brailleShape(char, x, y) ?? blockShape(char, x, y);
  if (shape) return [...under, `<g fill="${ink}"${opacity}>${shape}</g>`];
  const weight = found.isBold() ? ' font-weight="bold"' : '';
  const safe = char.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return [...under, `<text x="${round(x)}" y="${round(y + cell.height * 0.74)}" fill="${ink}"${weight}${opacity}>${safe}</text>`];
}

function colourOf(found: IBufferCell, side: 'front' | 'back'): string | undefined {
  const [rgb, palette, value] =
    side === 'front'
      ? [found.isFgRGB(), found.isFgPalette(), found.getFgColor()]
      : [found.isBgRGB(), found.isBgPalette(), found.getBgColor()];
  if (rgb) return `#${value.toString(16).padStart(6, '0')}`;
  if (!palette) return undefined;
  return value < 8 ? ansi[value] : value < 16 ? bright[value - 8] : cube(value);
}

/** Colours 16 to 255: a cube of 6 × 6 × 6 and 24 greys. */
function cube(value: number): string {
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
  const channels =
    value >= 232
      ? Array.from({ length: 3 }, () => 8 + 10 * (value - 232))
      : [Math.floor((value - 16) / 36), Math.floor((value - 16) / 6) % 6, (value - 16) % 6].map(level);
  return `rgb(${channels.join(',')})`;
}

/** Dots 1-2-3-7 down the left, 4-5-6-8 down the right, as Unicode orders the bits. */
function brailleShape(char: string, x: number, y: number): string | undefined {
  const bits = char.codePointAt(0)! - 0x2800;
  if (bits <= 0 || bits > 0xff) return undefined;
  const places = [
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 0],
    [1, 1],
    [1, 2],
    [0, 3],
    [1, 3],
  ] as const;
  const lit = places.filter((_, bit) => (bits >> bit) & 1);
  const [dx, dy] = [cell.width / 2, cell.height / 4];
  return lit.map(([i, j]) => `<circle cx="${round(x + (i + 0.5) * dx)}" cy="${round(y + (j + 0.5) * dy)}" r="1.45"/>`).join('');
}

function blockShape(char: string, x: number, y: number): string | undefined {
  const eighths = char.codePointAt(0)! - 0x2580;
  if (eighths >= 1 && eighths <= 8) {
    const height = (cell.height * eighths) / 8;
    return rectangle(x, y + cell.height - height, cell.width + 0.3, height);
  }
  if (char === '░') return `<g opacity="0.35">${rectangle(x, y, cell.width + 0.3, cell.height)}</g>`;
  return char === '─' ? rectangle(x, y + cell.height / 2 - 0.5, cell.width + 0.3, 1) : undefined;
}

function rectangle(x: number, y: number, width: number, height: number, fill?: string): string {
  const colour = fill ? ` fill="${fill}"` : '';
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"${colour}/>`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function toPng(svg: string, png: string, size: { readonly width: number; readonly height: number }): void {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-device-scale-factor=2'];
  const view = [`--window-size=${size.width},${size.height}`, '--default-background-color=00000000'];
  execFileSync('chromium', [...flags, ...view, `--screenshot=${resolve(png)}`, `file://${resolve(svg)}`], { stdio: 'ignore' });
}
