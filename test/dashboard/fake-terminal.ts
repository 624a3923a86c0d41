import { EventEmitter } from 'node:events';

/** A terminal's two ends for tests: what is written is kept, what is typed arrives as keys. */
export interface FakeTerminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** All writes so far. */
  readonly written: readonly string[];
  /** Whether the keyboard delivers every key at once. */
  readonly raw: () => boolean;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
}

export function fakeTerminal(columns: number, rows: number, onWrite: (text: string) => void = () => {}): FakeTerminal {
  const written: string[] = [];
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    getColorDepth: () => 24,
    write(text: string) {
      written.push(text);
      onWrite(text);
      return true;
    },
  });
  const stdin = new FakeKeyboard();
  return {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    written,
    raw: () => stdin.raw,
    type(keys) {
      stdin.queue.push(keys);
      stdin.emit('readable');
    },
    resize(columns, rows) {
      Object.assign(stdout, { columns, rows });
      stdout.emit('resize');
    },
  };
}

/** The part of a TTY's read stream that Ink uses. */
class FakeKeyboard extends EventEmitter {
  readonly isTTY = true;
  readonly queue: string[] = [];
  raw = false;

  read(): string | null {
    return this.queue.shift() ?? null;
  }

  setRawMode(raw: boolean): void {
    this.raw = raw;
  }

  setEncoding(): void {}
  ref(): void {}
  unref(): void {}
}
