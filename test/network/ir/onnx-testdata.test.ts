import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NasError } from '../../../src/core/errors.ts';
import { decode, roundTrip } from '../../../src/network/ir/bytes/decode.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { expectClose } from '../../fixtures/numbers.ts';
import { isInstalled, modelFiles, type NodeTest, nodeTests, readNodeTest } from '../../fixtures/onnx-testdata.ts';

/** The result, or the NasError that says why not. */
function attempt<T>(work: () => T): T | NasError {
  try {
    return work();
  } catch (error) {
    if (error instanceof NasError) return error;
    throw error;
  }
}

/** What the reference interpreter leaves out: interpolation, padding with edges, division of integers, column-major indices. */
const leftOut = /^test_(resize|edge_pad|reflect_pad|div_uint8|maxpool_with_argmax_2d_precomputed_strides)/;

describe("ONNX's own models", () => {
  const files = modelFiles();

  it('are there', () => expect(files.length).toBeGreaterThanOrEqual(isInstalled ? 1072 : 10));

  it('keep their bytes when they are parsed and written', () => {
    const changed = files.filter((file) => {
      const bytes = readFileSync(file);
      return Buffer.compare(roundTrip(bytes), bytes) !== 0;
    });
    expect(changed).toEqual([]);
  });

  it('are the same graph after decode, encode, decode', () => {
    const graphs = files.flatMap((file) => {
      const graph = attempt(() => decode(readFileSync(file)));
      return graph instanceof NasError ? [] : [graph];
    });
    expect(graphs.length).toBeGreaterThanOrEqual(isInstalled ? 150 : 8);
    for (const graph of graphs) expect(decode(encode(graph))).toEqual(graph);
  });
});

describe("ONNX's own results", () => {
  const tests = nodeTests().filter((name) => !leftOut.test(name));
  const read = tests.flatMap((name): [string, NodeTest][] => {
    const test = attempt(() => readNodeTest(name));
    return test instanceof NasError ? [] : [[name, test]];
  });

  it('are there', () => expect(read.length).toBeGreaterThanOrEqual(isInstalled ? 200 : 10));

  it.each(read)('%s', (name, { graph, feeds, expected }) => {
    const values = interpret(graph, feeds);
    for (const [output, tensor] of Object.entries(expected)) {
      expect(graph.types[output], `${name}: type of ${output}`).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
      expect(values[output]!.shape, `${name}: shape of ${output}`).toEqual(tensor.shape);
      expectClose(values[output]!.data, Array.from(tensor.data, Number), 1e-4, `${name}: ${output}`);
    }
  });
});
