import type { Answer } from './interpreter.ts';

export interface Row {
  readonly space: string;
  readonly trial: number;
  /** Test images. */
  readonly images: number;
  readonly onnx: { readonly bytes: number; readonly accuracy: number; readonly ms: number };
  readonly lite: { readonly bytes: number; readonly accuracy: number };
  readonly tensorflow?: Answer;
}

interface Report {
  readonly machine: string;
  readonly tensorflow: string | null;
  readonly rows: readonly Row[];
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
const points = (values: readonly number[]) => (100 * Math.max(...values.map(Math.abs))).toFixed(2);

export function toMarkdown({ machine, tensorflow, rows }: Report): string {
  const lines = rows.map(({ space, trial, onnx, lite, tensorflow: found }) => {
    const theirs = found ? [percent(found.accuracy), percent(found.agreement), found.ms[0].toFixed(3)] : ['', '', ''];
    const ours = [kilobytes(onnx.bytes), kilobytes(lite.bytes), percent(onnx.accuracy), percent(lite.accuracy)];
    return `| ${[space, trial, ...ours, ...theirs.slice(0, 2), onnx.ms.toFixed(3), theirs[2]].join(' | ')} |`;
  });
  const differences = [
    `by LiteRT ${points(rows.map(({ onnx, lite }) => onnx.accuracy - lite.accuracy))}`,
    ...(tensorflow
      ? [
          `by TensorFlow with XNNPACK ${points(rows.flatMap(({ onnx, tensorflow: found }) => (found ? [onnx.accuracy - found.accuracy] : [])))}`,
        ]
      : []),
  ];
  const compared = rows[0]?.tensorflow?.compared ?? 0;
  return `# TensorFlow Lite models beside the ONNX files that they were made from

Every model of the fronts of four short searches, on the same test data. ${machine}; TensorFlow ${tensorflow ?? 'not at hand'}. Times are of one image on
one thread; onnxruntime's are those of the certificate, with the call from Node.js in them, TensorFlow Lite's those of its run alone.
Agreement: share of the first ${compared} test images to which TensorFlow's reference kernels give the same class as XNNPACK's.

Largest difference from the accuracy of the ONNX file, in points: ${differences.join('; ')}.

| space | trial | ONNX kB | TFLite kB | ONNX accuracy | LiteRT | TensorFlow, XNNPACK | agreement | onnxruntime ms | TensorFlow Lite ms |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}
