import type { Builder } from '../ir/builder.ts';
import { defineTechnique, networkSite } from './technique.ts';

/** The input of the training step that holds the teacher's logits, [N, K]. */
const teacher = 'distil.teacher';

/**
 * Knowledge distillation (Hinton et al. 2015, Distilling the Knowledge in a Neural Network): the compressed network is
 * taught by the trained dense one, or by the study's own teacher, what all classes are like. With T the temperature and α the weight,
 * loss = α · T² · KL(softmax(teacher / T) ‖ softmax(logits / T)) + (1 − α) · the loss that is there.
 */
export const distil = defineTechnique({
  name: 'distil',
  summary: "Train towards the dense network's answers, or a given teacher's, beside the labels.",
  stage: 'train',
  knobs: {
    weight: {
      kind: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      off: 0,
      summary: 'Share of the loss that asks for what the teacher answers; the rest asks for the labels.',
    },
    temperature: {
      kind: 'number',
      min: 1,
      max: 100,
      default: 4,
      summary: 'Divides the logits of both networks: the higher, the more the classes count that are not the answer.',
    },
  },
  sites: () => [networkSite],
  perImage: (baseline) => ({ [teacher]: { graph: baseline, value: baseline.outputs[0]!, taught: true } }),

  objective(_, settings, { b, logits, loss }) {
    const { weight, temperature } = settings[networkSite.name]!;
    const divergence = divergenceOf(b, logits, temperature);
    const taught = b.op('Mul', [divergence, b.scalar(weight * temperature ** 2)]);
    return b.op('Add', [taught, b.op('Mul', [loss, b.scalar(1 - weight)])]);
  },
});

/** Mean over the batch of KL(teacher ‖ student), []: cross-entropy less the teacher's own entropy, which no gradient feels. */
function divergenceOf(b: Builder, logits: string, temperature: number): string {
  const [student, wanted] = [logits, teacher].map((value) => b.op('Div', [value, b.scalar(temperature)]));
  const soft = b.op('Softmax', [wanted!], { axis: 1 });
  const [crossEntropy] = b.multi('SoftmaxCrossEntropy', [student!, soft], 2, {}, { domain: 'espalier' });
  const surprise = b.op('Mul', [soft, b.op('LogSoftmax', [wanted!], { axis: 1 })]);
  const perImage = b.op('ReduceSum', [surprise, b.ints([1])], { keepdims: 0 });
  return b.op('Add', [crossEntropy!, b.op('ReduceMean', [perImage], { axes: [0], keepdims: 0 })]);
}
