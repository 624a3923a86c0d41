import { wrapWords } from '../core/wrap.ts';

/** Columns of the terminal that a stream is; endless where it is none: lines stay whole in files and for programs. */
export const columnsOf = ({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number =>
  isTTY ? columns || 80 : Number.POSITIVE_INFINITY;

/** Of standard output. */
export const outputWidth = (): number => columnsOf(process.stdout);

/** Each line of a text broken between its words to fit the terminal, `indent` before all of them but the first of each. */
export const wrapped = (text: string, indent = '', first = '', width = outputWidth()): string =>
  text
    .split('\n')
    .flatMap((line) => wrapWords(line, width, indent, first))
    .join('\n');

/** A text whose lines stand as they shall, but for those that are too long: they are broken between words, as far in as they begin. */
export const fitted = (text: string, width: number): string =>
  text
    .split('\n')
    .flatMap((line) => (line.length > width ? wrapWords(line, width, /^ */.exec(line)![0]) : [line]))
    .join('\n');

/** A command to type stays in one piece, in a line of its own if need be. */
export const unbroken = (command: string): string => command.replaceAll(' ', '\u00a0');
