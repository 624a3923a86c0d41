import { NasError } from '../../../core/errors.ts';
import { errorAt, type Range, type Source } from './source.ts';

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly range: Range;
}

/** As many as a person reads; the rest shows up once these are mended. */
const most = 20;

/** Collects what is wrong with a file, so that one run tells all of it. */
export class Problems {
  private readonly source: Source;
  private readonly list: Problem[] = [];

  constructor(source: Source) {
    this.source = source;
  }

  add(code: string, message: string, range: Range): void {
    this.list.push({ code, message, range });
  }

  /** Throws the first problem of the file as a NasError; `facts.problems` has them all. */
  throwIfAny(): void {
    if (this.list.length === 0) return;
    // A missing key may only be a misspelt one: the misspelt one is said first.
    const rank = ({ code, range }: Problem) => (code === 'SPACE_MISSING_KEY' ? this.source.text.length : 0) + range.start;
    const errors = this.list
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, most)
      .map(({ code, message, range }) => errorAt(this.source, code, message, range));
    const first = errors[0]!;
    const problems = errors.map(({ code, message, at }) => ({ code, message, line: at!.line, column: at!.column }));
    throw new NasError(first.code, first.message, { at: first.at!, frame: first.frame, facts: { problems } });
  }
}

/** A value as it is quoted in messages: short, on one line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
