import { rangesBinding } from './device.ts';
import type { Place } from './memory.ts';
import { constantOf, contextFor, type Made, type Plan } from './plan.ts';
import { argumentPattern, float } from './wgsl.ts';

/** A program and what it is started with. Equal texts are compiled once: where values lie, and how large they are, is no part of it. */
export interface Program {
  readonly code: string;
  /** Where the values that it names lie, in numbers from the begin of their buffer on, and sizes: unsigned, in its order. */
  readonly args: readonly number[];
  /** Workgroups along x, y and z. */
  readonly groups: readonly [number, number, number];
}

const prelude: Readonly<Record<string, string>> = {
  /** A rational form of the error function, the one that Eigen has. */
  erf: `fn erf(v: f32) -> f32 {
  let x = clamp(v, -4f, 4f); let s = x * x;
  var a = -2.72614225801306e-10f; a = fma(a, s, 2.77068142495902e-8f); a = fma(a, s, -2.10102402082508e-6f);
  a = fma(a, s, -5.69250639462346e-5f); a = fma(a, s, -7.34990630326855e-4f); a = fma(a, s, -2.954600063160176e-3f); a = fma(a, s, -1.60960333262415e-2f);
  var b = -1.45660718464996e-5f; b = fma(b, s, -2.13374055278905e-4f); b = fma(b, s, -1.68282697438203e-3f);
  b = fma(b, s, -7.37332916720468e-3f); b = fma(b, s, -1.42647390514189e-2f);
  return x * a / b;
}`,
  /** The language's max may take either where one is not a number. */
  larger: 'fn larger(a: f32, b: f32) -> f32 { return bitcast<f32>(max(bitcast<u32>(a), bitcast<u32>(b))); }',
  /** The language's pow knows no base below 0. */
  power: `fn power(x: f32, y: f32) -> f32 {
  if (y == 0f) { return 1f; } if (y == 1f) { return x; } if (y == 2f) { return x * x; } if (y == 3f) { return x * x * x; }
  let size = pow(abs(x), y);
  return select(size, -size, x < 0f && trunc(y) == y && abs(y) % 2f == 1f);
}`,
};

/** Writes one program: functions for what it reads, and where they lie. */
export class Writer {
  readonly #plan: Plan;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #functions: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #args: number[] = [];
  readonly #buffers = new Set<number>();
  #hasRanges = false;

  constructor(plan: Plan, places: ReadonlyMap<string, Place>) {
    this.#plan = plan;
    this.#places = places;
  }

  /** WGSL for a number of a value: from memory where it is stored, else computed. */
  read(value: string, index: string): string {
    const constant = constantOf(this.#plan.graph, value);
    if (constant !== undefined) return float(constant);
    return `${this.#function(value)}(${index})`;
  }

  /** WGSL for a number in memory, to be written or read. */
  cell(place: Place, index: string): string {
    return `${this.buffer(place)}[${this.start(place)} + ${index}]`;
  }

  /** The name of the array that a place is in, … */
  buffer({ buffer }: Place): string {
    this.#buffers.add(buffer);
    return `m${buffer}`;
  }

  /** … and WGSL for where in it. */
  start({ offset }: Place): string {
    return this.#argument(offset);
  }

  /** Where the largest size of a value's numbers is noted: an atomic<u32>. */
  range(slot: number): string {
    this.#hasRanges = true;
    return `ranges[${this.#argument(slot)}]`;
  }

  /** A function of indices (u32) with this body; returns its name. */
  define(wish: string, parameters: string, body: string, result = 'f32'): string {
    const name = `${wish}${this.#functions.length}`;
    this.#functions.push(`fn ${name}(${parameters}) -> ${result} { ${body} }`);
    return name;
  }

  /** Reads the inputs of a value, as its rule wants to. */
  at(value: Made): (input: number, index: string) => string {
    return (input, index) => this.read(value.node.inputs[input]!, index);
  }

  finish(main: string, groups: Program['groups'], directives: readonly string[] = []): Program {
    const [functions, body] = [this.#functions.join('\n'), main].map((text) =>
      text.replaceAll(argumentPattern, (_, value) => this.#argument(Number(value))),
    ) as [string, string];
    const slots = Math.max(1, Math.ceil(this.#args.length / 4));
    const buffers = [...this.#buffers].sort((a, b) => a - b);
    const used = Object.keys(prelude).filter((name) => `${functions}${body}`.includes(`${name}(`));
    const code = [
      ...directives,
      `@group(0) @binding(0) var<uniform> args: array<vec4u, ${slots}>;`,
      ...buffers.map((buffer) => `@group(0) @binding(${buffer + 1}) var<storage, read_write> m${buffer}: array<f32>;`),
      ...(this.#hasRanges ? [`@group(0) @binding(${rangesBinding}) var<storage, read_write> ranges: array<atomic<u32>>;`] : []),
      ...used.map((name) => prelude[name]!),
      functions,
      body,
    ].join('\n');
    return { code, args: this.#args, groups };
  }

  #argument(value: number): string {
    const slot = this.#args.push(value) - 1;
    return `args[${slot >> 2}].${'xyzw'[slot & 3]}`;
  }

  #function(value: string): string {
    const known = this.#names.get(value);
    if (known) return known;
    const body = this.#bodyOf(value);
    const name = this.define('v', 'i: u32', body);
    this.#names.set(value, name);
    return name;
  }

  #bodyOf(value: string): string {
    const made = this.#plan.made.get(value);
    if (!made || this.#plan.isStored(value)) return `return ${this.cell(this.#places.get(value)!, 'i')};`;
    if (made.rule.kind === 'reduction' || made.rule.kind === 'product') throw new Error(`${value} is read before it is stored`);
    return made.rule.body({ ...contextFor(this.#plan, made), at: this.at(made) });
  }
}
