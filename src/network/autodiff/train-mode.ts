import type { Graph, Node } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import { rebuild } from '../ir/rebuild.ts';

/** What one BatchNormalization measures on the batch. */
export interface BatchStatistics {
  /** Names of the running statistics in the model graph. */
  readonly runningMean: string;
  readonly runningVar: string;
  /** Names of the batch's own, [C] each; the variance is biased. */
  readonly batchMean: string;
  readonly batchVar: string;
  /** Numbers per channel that they are taken over: N · H · W. */
  readonly count: number;
}

/**
 * A model graph as it runs in training: BatchNormalization normalizes by the batch's statistics, which become values
 * of the graph. Dropout stays the identity that it is in the model.
 */
export function trainMode(graph: Graph): { readonly graph: Graph; readonly statistics: readonly BatchStatistics[] } {
  const statistics: BatchStatistics[] = [];
  const nodes = graph.nodes.map((node) => {
    if (node.op !== 'BatchNormalization' || node.domain !== '') return node;
    const measured = statisticsOf(graph, node);
    statistics.push(measured);
    return trainNode(node, measured);
  });
  return { graph: rebuild(graph, { nodes }), statistics };
}

function statisticsOf(graph: Graph, { name, inputs }: Node): BatchStatistics {
  const { shape } = graph.types[inputs[0]!]!;
  return {
    runningMean: inputs[3]!,
    runningVar: inputs[4]!,
    batchMean: `${name}.batchMean`,
    batchVar: `${name}.batchVar`,
    count: elementCount(shape) / shape[1]!,
  };
}

function trainNode(node: Node, { batchMean, batchVar }: BatchStatistics): Node {
  const { epsilon } = node.attributes;
  return {
    ...node,
    op: 'BatchNormTrain',
    domain: 'espalier',
    inputs: node.inputs.slice(0, 3),
    outputs: [node.outputs[0]!, batchMean, batchVar],
    attributes: epsilon ? { epsilon } : {},
  };
}
