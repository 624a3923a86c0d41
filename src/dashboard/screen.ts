import { EventEmitter } from 'node:events';
import { toAscii } from './ascii.ts';
import { mouseReports } from './mouse.ts';
import { createStandIns, type StandIns } from './stand-ins.ts';

/**
 * The alternate screen of a terminal, painted line by line: a frame is compared with the one before, and only lines that
 * changed are written. Ink's own redrawing erases everything first, which flickers, and clears the terminal with every
 * frame once it is as high as the window.
 */
export interface Screen {
  /** What Ink renders to: each write is one whole frame. */
  readonly stream: NodeJS.WriteStream;
  /** For the lines of a frame; the stream resolves them. */
  readonly standIns: StandIns;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Calls back after the window changed its size; returns how to stop that. */
  onResize(listener: () => void): () => void;
  /** Writes every line again, for when something else wrote to the terminal. */
  redraw(): void;
  /** Back to the normal screen, with the cursor. Later frames go nowhere. */
  leave(): void;
  /** The same for a while: `wake` takes the screen again and draws the last frame. */
  sleep(): void;
  wake(): void;
}

export interface ScreenOptions {
  /** Only characters of ASCII are written. */
  readonly ascii: boolean;
  /** Reports of the mouse are asked for. */
  readonly mouse: boolean;
}

const control = {
  enter: '\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H',
  leave: `\x1b[?2026l${mouseReports.off}\x1b[0m\x1b[?25h\x1b[?1049l`,
  clear: '\x1b[0m\x1b[2J',
  /** Terminals that know this mode show the frame at once (synchronized output). */
  begin: '\x1b[?2026h',
  end: '\x1b[?2026l',
  line: (row: number) => `\x1b[${row};1H\x1b[0m\x1b[2K`,
};

/** Frames are painted at most this often. */
const paintIntervalMs = 100;

const open = new Set<() => void>();

/** Leaves the alternate screen and shows the cursor, whatever state the dashboard is in. Does nothing when none is open. */
export function restoreTerminal(): void {
  for (const leave of open) leave();
}

export function openScreen(stdout: NodeJS.WriteStream, { ascii, mouse }: ScreenOptions): Screen {
  const painter = new Painter(stdout, ascii);
  const enter = control.enter + (mouse ? mouseReports.on : '');
  const standIns = createStandIns();
  const stream = new FrameStream(stdout, (frame) => painter.show(standIns.resolve(frame)));
  const resized = () => {
    painter.forget();
    stream.emit('resize');
  };
  const leave = () => {
    if (!open.delete(leave)) return;
    stdout.off('resize', resized);
    process.off('exit', leave);
    process.off('uncaughtExceptionMonitor', leave);
    painter.close();
    stdout.write(control.leave);
  };
  open.add(leave);
  stdout.on('resize', resized);
  // The monitor comes before the message of an uncaught error is printed, which would be lost on the alternate screen.
  process.on('exit', leave);
  process.on('uncaughtExceptionMonitor', leave);
  stdout.write(enter);
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    standIns,
    size: () => ({ columns: stream.columns, rows: stream.rows }),
    onResize(listener) {
      stream.on('resize', listener);
      return () => stream.off('resize', listener);
    },
    redraw: () => painter.repaint(),
    leave,
    sleep() {
      painter.rest(true);
      stdout.write(control.leave);
    },
    wake() {
      if (!open.has(leave)) return;
      stdout.write(enter);
      painter.rest(false);
      painter.repaint();
    },
  };
}

/** Stands in for stdout: has its size, and takes each write as a frame. Control sequences of a frame's own go nowhere. */
class FrameStream extends EventEmitter {
  readonly #stdout: NodeJS.WriteStream;
  readonly #show: (frame: string) => void;

  constructor(stdout: NodeJS.WriteStream, show: (frame: string) => void) {
    super();
    this.#stdout = stdout;
    this.#show = show;
  }

  get columns(): number {
    return this.#stdout.columns || 80;
  }

  get rows(): number {
    return this.#stdout.rows || 24;
  }

  write(frame: string, done?: () => void): boolean {
    this.#show(frame);
    done?.();
    return true;
  }
}

class Painter {
  readonly #stdout: NodeJS.WriteStream;
  #shown: readonly string[] = [];
  #next: string | undefined;
  #last = '';
  #timer: NodeJS.Timeout | undefined;
  #painted = Number.NEGATIVE_INFINITY;
  #blank = false;
  #closed = false;
  #resting = false;
  readonly #ascii: boolean;

  constructor(stdout: NodeJS.WriteStream, ascii: boolean) {
    this.#stdout = stdout;
    this.#ascii = ascii;
  }

  /** Paints now, or as soon as the interval is over; frames that come too fast replace each other. */
  show(frame: string): void {
    if (this.#closed) return;
    this.#next = frame;
    if (this.#resting) return;
    const wait = this.#painted + paintIntervalMs - performance.now();
    if (wait <= 0) this.#paint();
    else this.#timer ??= setTimeout(() => this.#paint(), wait);
  }

  /** The terminal's content is not what was painted: everything is written with the next frame. */
  forget(): void {
    this.#shown = [];
    this.#blank = true;
  }

  repaint(): void {
    this.forget();
    this.show(this.#last);
  }

  /** While it rests, frames are kept and not painted. */
  rest(resting: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#resting = resting;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  #paint(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const frame = this.#next;
    if (this.#closed || this.#resting || frame === undefined) return;
    if (this.#stdout.writableNeedDrain) {
      // A slow line: the newest frame waits until the terminal has taken the last one.
      this.#timer = setTimeout(() => this.#paint(), paintIntervalMs);
      return;
    }
    this.#painted = performance.now();
    this.#next = undefined;
    this.#last = frame;
    const lines = (this.#ascii ? toAscii(frame) : frame).split('\n').slice(0, this.#stdout.rows || 24);
    const changes = this.#changes(lines);
    const clear = this.#blank ? control.clear : '';
    this.#blank = false;
    this.#shown = lines;
    if (clear || changes) this.#stdout.write(control.begin + clear + changes + control.end);
  }

  #changes(lines: readonly string[]): string {
    const count = Math.max(lines.length, this.#shown.length);
    let text = '';
    for (let row = 0; row < count; row++) {
      const line = lines[row] ?? '';
      if (line !== (this.#shown[row] ?? '')) text += control.line(row + 1) + line;
    }
    return text;
  }
}
