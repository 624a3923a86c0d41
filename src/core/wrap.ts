/**
 * Breaks a text between its words into lines of at most so many characters; a word that is longer has a line of its own, whole.
 * No-break spaces hold words together, and become spaces. The first line comes after `first`, the others after `indent`; both count.
 */
export function wrapWords(text: string, width: number, indent = '', first = indent): string[] {
  const lines: string[] = [];
  let [line, empty] = [first, true];
  for (const word of text.trim().split(/[^\S\u00a0]+/)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      [line, empty] = [indent, true];
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].map((each) => each.replaceAll('\u00a0', ' ').trimEnd());
}
