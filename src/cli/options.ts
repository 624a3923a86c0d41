import { InvalidArgumentError } from 'commander';
import type { NasError } from '../core/errors.ts';
import { parseDuration } from '../dashboard/format.ts';

/** Options that every command on a study takes. */
export interface StudyOptions {
  readonly db: string;
  readonly study?: string;
}

/** Options of the commands that show something. */
export interface LookOptions extends StudyOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** A whole number of at least `min`; commander prints the message and the process ends with exit code 2. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`);
    return value;
  };
}

/** `a,b` → both names. */
export function listOfNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Expected names, separated by commas.');
  return [...new Set(names)];
}

/** `90s`, `15m`, `2h` or plain seconds → seconds. */
export function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('Expected a time such as 90s, 15m or 2h.');
  return seconds;
}

/** Node and onnxruntime alone take this much before a network is there. */
const leastMemoryMb = 256;

/** `4GB`, `1.5GB` or `900MB` → MB, of 1024² bytes. */
export function memorySize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(MB|GB)$/i.exec(text.trim());
  const mb = match ? Math.round(Number(match[1]) * (match[2]!.toUpperCase() === 'GB' ? 1024 : 1)) : 0;
  if (mb < leastMemoryMb) throw new InvalidArgumentError(`Expected a size such as 4GB or 900MB, at least ${leastMemoryMb}MB.`);
  return mb;
}

/** The text of an unexpected error, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a person sees of a NasError: where, what, and the lines of the file. */
export function describeError(error: NasError): string {
  const where = error.at ? `${error.at.file}:${error.at.line}:${error.at.column}: ` : '';
  return `error: ${where}${error.message}${error.frame ? `\n${error.frame}` : ''}`;
}
