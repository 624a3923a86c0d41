/**
 * How many columns text takes, and text cut to columns. Enough for what people write into names and messages: East Asian
 * wide characters and emoji take two columns, combining marks none.
 */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const combining = /^(?:\p{M}|\p{Default_Ignorable_Code_Point})$/u;
const narrow = /^[\x20-\x7e\u00a0-\u02ff\u2010-\u203a\u2190-\u22ff\u2500-\u25ff\u2800-\u28ff]*$/u;

const charWidth = (char: string) => (combining.test(char) ? 0 : wide.test(char) ? 2 : 1);

export function textWidth(text: string): number {
  if (narrow.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** The beginning of a text that fits. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let left = width;
  let cut = '';
  for (const char of text) {
    left -= charWidth(char);
    if (left < 0) break;
    cut += char;
  }
  return cut;
}

/** Line breaks, tabs and escape sequences of a foreign text would break the screen: a space each. */
export const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
