/** Alternatives that a pattern's braces may stand for at most. */
const most = 200;

/**
 * A pattern on names: `*` any text (dots too), `?` one character, `{a,b}` alternatives (not nested).
 * Returns undefined where braces are not closed, are nested, or stand for too many alternatives.
 */
export function compileGlob(pattern: string): ((name: string) => boolean) | undefined {
  const alternatives = expandBraces(pattern);
  return alternatives && ((name) => alternatives.some((plain) => matches(plain, name)));
}

function expandBraces(pattern: string): readonly string[] | undefined {
  let expanded = [''];
  const parts = pattern.match(/\{[^{}]*\}|[^{}]+|[{}]/g) ?? [];
  for (const part of parts) {
    if (part === '{' || part === '}') return undefined;
    const choices = part.startsWith('{') ? part.slice(1, -1).split(',') : [part];
    if (expanded.length * choices.length > most) return undefined;
    expanded = expanded.flatMap((head) => choices.map((choice) => head + choice.trim()));
  }
  return expanded;
}

/** Linear-time wildcard match: on a mismatch only the last star takes one more character. */
function matches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
