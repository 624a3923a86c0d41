import { fileIdentifier, type OperatorName, operators, schemaVersion } from './schema.ts';
import { type ModelParts, noBuffer, SubgraphWriter } from './subgraph.ts';
import { Tables } from './tables.ts';

/** What the file says of itself. */
export interface About {
  readonly description: string;
  readonly metadata?: Uint8Array;
}

/** Collects the subgraphs of a TensorFlow Lite model. */
export class ModelWriter {
  /** The subgraph that runs. */
  readonly main: SubgraphWriter;
  readonly #subgraphs: SubgraphWriter[] = [];
  /** Operators and their versions, in the order of their first use. */
  readonly #codes: string[] = [];
  readonly #buffers: number[] = [];

  constructor() {
    this.main = this.subgraph('main');
  }

  subgraph(name: string): SubgraphWriter {
    const parts: ModelParts = {
      codeOf: (operator, version) => this.#codeOf(`${operator} ${version}`),
      buffer: (t, bytes) => this.#buffers.push(t.table([['offset', 0, t.bytes(bytes)]])) - 1,
    };
    const subgraph = new SubgraphWriter(name, this.#subgraphs.length, parts);
    this.#subgraphs.push(subgraph);
    return subgraph;
  }

  /** The bytes of the file. `input`, `output`: of the subgraph that runs. `metadata`: what programs may want to know of it, see metadata.ts. */
  finish(input: number, output: number, { description, metadata }: About): Uint8Array {
    const t = new Tables();
    this.#buffers[noBuffer] = t.table([]);
    this.main.between([input], [output]);
    const subgraphs = this.#subgraphs.map((subgraph) => subgraph.write(t));
    const codes = this.#codes.map((key) => writeCode(t, key));
    if (metadata) this.#buffers.push(t.table([['offset', 0, t.bytes(metadata)]]));
    const told = metadata
      ? [
          t.table([
            ['offset', 0, t.text('TFLITE_METADATA')],
            ['int32', 1, this.#buffers.length - 1],
          ]),
        ]
      : [];
    const model = t.table([
      ['int32', 0, schemaVersion],
      ['offset', 1, t.offsets(codes)],
      ['offset', 2, t.offsets(subgraphs)],
      ['offset', 3, t.text(description)],
      ['offset', 4, t.offsets(this.#buffers)],
      ['offset', 6, t.offsets(told)],
      ['offset', 7, t.offsets([this.#signature(t, input, output)])],
    ]);
    return t.finish(model, fileIdentifier);
  }

  #codeOf(key: string): number {
    if (!this.#codes.includes(key)) this.#codes.push(key);
    return this.#codes.indexOf(key);
  }

  /** Names by which a program finds the input and the output. */
  #signature(t: Tables, input: number, output: number): number {
    const [inputs, outputs] = [input, output].map((tensor) => {
      const entry = t.table([
        ['offset', 0, t.text(this.main.nameOf(tensor))],
        ['int32', 1, tensor],
      ]);
      return t.offsets([entry]);
    });
    return t.table([
      ['offset', 0, inputs!],
      ['offset', 1, outputs!],
      ['offset', 2, t.text('serving_default')],
      ['int32', 4, 0],
    ]);
  }
}

/** Up to 127 an operator's number also stands in a byte, where runtimes of before 2020 look for it. */
function writeCode(t: Tables, key: string): number {
  const [name, version] = key.split(' ') as [OperatorName, string];
  const code = operators[name];
  return t.table([
    ['int8', 0, Math.min(code, 127)],
    ['int32', 2, Number(version)],
    ['int32', 3, code],
  ]);
}
