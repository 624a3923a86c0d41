import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Node as YamlNode,
} from 'yaml';
import { NasError } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import { codeFrame } from './frame.ts';

/** Offsets into the text, the end not included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A value of the file as plain data, with the place where it stands. */
export interface Located extends Range {
  readonly value: Json;
  /** Keys of a map in the file's order; undefined for everything else. */
  readonly entries?: ReadonlyMap<string, Entry>;
  /** Items of a list; undefined for everything else. */
  readonly items?: readonly Located[];
  /** Values below and with this one, those behind aliases counted each time. */
  readonly size: number;
}

interface Entry {
  readonly key: Range;
  readonly value: Located;
}

/** A user's file that was read. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
}

/** Far above any real space file; they keep hostile ones from taking minutes or the whole stack. */
const limits = { characters: 1_000_000, depth: 100, values: 50_000 };

/** A NasError that points at a place in the file. */
export function errorAt(
  source: Source,
  code: string,
  message: string,
  range: Range,
  facts: { readonly [key: string]: Json } = {},
): NasError {
  const { line, col } = source.lines.linePos(Math.min(range.start, source.text.length));
  // An empty file has no line 1 for the counter.
  const at = { file: source.file, line: Math.max(1, line), column: Math.max(1, col) };
  return new NasError(code, message, { at, facts, frame: codeFrame(source.text, at, range.end - range.start) });
}

/**
 * Reads YAML 1.2 into plain data with positions. Throws NasError with a position: SPACE_TOO_BIG, SPACE_TOO_DEEP,
 * SPACE_YAML (syntax, several documents, keys or values that are no plain data), SPACE_DUPLICATE_KEY, SPACE_ALIAS.
 */
export function readYaml(text: string, file: string): { source: Source; root: Located } {
  const source: Source = { file, text, lines: new LineCounter() };
  if (text.length > limits.characters) {
    const start = { start: 0, end: 0 };
    source.lines.addNewLine(0);
    throw errorAt(
      source,
      'SPACE_TOO_BIG',
      `the file has ${text.length} characters; a space file may have ${limits.characters}`,
      start,
    );
  }
  const document = compose(source);
  if (!document.contents)
    throw errorAt(source, 'SPACE_YAML', 'the file is empty; it needs at least model, data and objectives', { start: 0, end: 0 });
  return { source, root: new Reader(source).read(document.contents) };
}

/** The one document of the file. Keys are checked by the reader: the library's own check takes quadratic time. */
function compose(source: Source): Document.Parsed {
  const composer = new Composer({ version: '1.2', uniqueKeys: false });
  const documents = [...composer.compose(parseTokens(source), true, source.text.length)];
  const [document, second] = documents;
  for (const problem of document?.errors ?? []) {
    throw errorAt(source, 'SPACE_YAML', `not valid YAML: ${problem.message}`, { start: problem.pos[0], end: problem.pos[1] });
  }
  if (second) {
    const range = { start: second.range[0], end: second.range[0] };
    throw errorAt(source, 'SPACE_YAML', 'a second YAML document starts here; a space file is one document', range);
  }
  return document as Document.Parsed;
}

/** The file's tokens. Deep nesting must be found before the composer recurses into it: at the stack's end V8 can abort the process. */
function parseTokens(source: Source): CST.Token[] {
  const parser = new Parser(source.lines.addNewLine);
  const tokens: CST.Token[] = [];
  source.lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > 2 * limits.depth) {
      const range = { start: parser.offset, end: parser.offset };
      throw errorAt(source, 'SPACE_TOO_DEEP', `lists and maps are nested more than ${limits.depth} deep here`, range);
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

/** Walks the YAML nodes of one document. */
class Reader {
  private readonly source: Source;
  private readonly anchors = new Map<string, Located>();
  private count = 0;

  constructor(source: Source) {
    this.source = source;
  }

  read(node: YamlNode): Located {
    const range = { start: node.range![0], end: node.range![1] };
    const located = this.readValue(node, range);
    this.count += isAlias(node) ? located.size : 1;
    if (this.count > limits.values)
      this.fail('SPACE_TOO_BIG', `the file holds more than ${limits.values} values, aliases written out`, range);
    if (!isAlias(node) && node.anchor !== undefined) this.anchors.set(node.anchor, located);
    return located;
  }

  private readValue(node: YamlNode, range: Range): Located {
    if (isMap(node)) return this.readMap(node.items as MapItem[], range);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item as YamlNode));
      return { ...range, value: items.map((item) => item.value), items, size: sizeOf(items) };
    }
    if (isAlias(node)) {
      const target = this.anchors.get(node.source);
      return target ?? this.fail('SPACE_ALIAS', `the alias *${node.source} refers to no anchor before it`, range);
    }
    return { ...range, value: this.readScalar(node, range), size: 1 };
  }

  private readMap(pairs: readonly MapItem[], range: Range): Located {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const { key, range: at } = this.readKey(pair.key, range);
      if (entries.has(key)) this.fail('SPACE_DUPLICATE_KEY', `"${key}" is set twice`, at);
      const nothing = { start: at.end, end: at.end, value: null, size: 1 };
      entries.set(key, { key: at, value: pair.value ? this.read(pair.value) : nothing });
    }
    const value = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value.value]));
    return { ...range, value, entries, size: sizeOf([...entries.values()].map((entry) => entry.value)) };
  }

  private readKey(node: YamlNode | null, parent: Range): { key: string; range: Range } {
    const range = node?.range ? { start: node.range[0], end: node.range[1] } : parent;
    const value: unknown = isScalar(node) ? node.value : undefined;
    const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return plain ? { key: String(value), range } : this.fail('SPACE_YAML', 'a key must be plain text', range);
  }

  private readScalar(node: YamlNode, range: Range): Json {
    const value: unknown = isScalar(node) ? node.value : undefined;
    const plain = value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value);
    return plain ? (value as Json) : this.fail('SPACE_YAML', 'a value must be text, a finite number, true, false or null', range);
  }

  private fail(code: string, message: string, range: Range): never {
    throw errorAt(this.source, code, message, range);
  }
}

type MapItem = { readonly key: YamlNode | null; readonly value: YamlNode | null };

const sizeOf = (children: readonly Located[]): number => children.reduce((sum, child) => sum + child.size, 1);

/** The value at a path, as far as the file has it; `missing` is the first key that is not there. */
export function locate(root: Located, path: readonly PropertyKey[]): { node: Located; missing?: string } {
  let node = root;
  for (const key of path) {
    const next = node.entries?.get(String(key))?.value ?? node.items?.[Number(key)];
    if (!next) return { node, missing: String(key) };
    node = next;
  }
  return { node };
}
