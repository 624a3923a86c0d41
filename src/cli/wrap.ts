import { wrapWords } from '../core/wrap.ts';

/** Columns of the terminal that standard output is; endless where it is none: lines stay whole in files and for programs. */
export const outputWidth = (): number => (process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY);

/** Each line of a text broken between its words to fit the terminal, `indent` before all of them but the first of each. */
export const wrapped = (text: string, indent = '', first = '', width = outputWidth()): string =>
  text
    .split('\n')
    .flatMap((line) => wrapWords(line, width, indent, first))
    .join('\n');

/** A command to type stays in one piece, in a line of its own if need be. */
export const unbroken = (command: string): string => command.replaceAll(' ', '\u00a0');
