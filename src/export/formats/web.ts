import { libraryName, wasmName, webAssets } from '../web/assets.ts';
import { serveCommand, webDocument } from '../web/document.ts';
import type { WebFacts } from '../web/facts.ts';
import type { ExportFormat, ExportSource } from './format.ts';

/** A page that runs the model in a browser, on onnxruntime-web, on a picture that the user drops, pastes or draws. */
export const web: ExportFormat = {
  name: 'web',
  entry: 'web',
  summary: 'a page that runs it in a browser',
  use: (out) => `cd ${out}/web && ${serveCommand}`,
  card: () =>
    `\`web\` is a page that runs it in a browser, on onnxruntime-web. It needs a web server, such as its own: \`cd web && ${serveCommand}\`.`,
  async files(source) {
    const facts = factsOf(source);
    const { script, style, server, library, wasm } = await webAssets();
    return {
      'web/index.html': webDocument(facts),
      'web/page.js': script,
      'web/page.css': style,
      'web/facts.json': `${JSON.stringify(facts, null, 2)}\n`,
      'web/model.onnx': source.model,
      'web/serve.mjs': server,
      [`web/ort/${libraryName}`]: library,
      [`web/ort/${wasmName}`]: wasm,
    };
  },
};

function factsOf({ certificate, classes, input, testAccuracy, testImages }: ExportSource): WebFacts {
  const { study, trial, model } = certificate;
  return { study, trial, bytes: model.bytes, testAccuracy, testImages, classes, input };
}
