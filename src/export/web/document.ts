import type { LogMel } from '../../network/data/sounds/log-mel.ts';
import type { WebFacts } from './facts.ts';

/** How the folder is served, from inside it. */
export const serveCommand = 'node serve.mjs';

/** Everything comes from the folder itself; WebAssembly has to be compiled. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
].join('; ');

/** `index.html` of a web bundle. It says what to do where it is opened as a file, since browsers then run no modules. */
export function webDocument({ study, trial, bytes, testAccuracy, testImages, classes, input }: WebFacts): string {
  const size = bytes < 1e6 ? `${(bytes / 1000).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(study)}, trial ${trial}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header>
<h1>${escaped(study)}, trial ${trial}</h1>
<p>${size} · ${(100 * testAccuracy).toFixed(2)} % accuracy on ${testImages} test ${input.sound ? 'recordings' : 'images'} · ${classes.length} classes · runs here, nothing is sent anywhere</p>
</header>
<p id="served">This page needs a web server. In this folder: <code>${serveCommand}</code></p>
<main>
${input.sound ? soundSection(input.sound, input.shape) : pictureSection(input.shape)}
<section aria-labelledby="answer">
<h2 id="answer">What the network says</h2>
<p id="best"></p>
<ol id="answers"></ol>
<p id="latency"></p>
<p id="status" role="status"></p>
</section>
</main>
</body>
</html>
`;
}

type Shape = WebFacts['input']['shape'];

const pictureSection = ([channels, height, width]: Shape) => `<section aria-labelledby="picture">
<h2 id="picture">Drop, paste or draw a picture</h2>
<canvas id="pad" width="336" height="336" role="img" aria-label="The picture; draw here"></canvas>
<div class="tools">
<label class="button">Choose a file <input id="file" type="file" accept="image/*"></label>
<button id="clear" type="button">Clear</button>
<label><input id="swap" type="checkbox"> swap light and dark</label>
</div>
<div class="seen">
<canvas id="seen" width="${width}" height="${height}" role="img" aria-label="What the network sees"></canvas>
<p>What the network sees: ${width} × ${height}, ${channels === 1 ? 'grey' : `${channels} channels`}</p>
</div>
</section>`;

const soundSection = ({ seconds, rate }: LogMel, [, height, width]: Shape) => `<section aria-labelledby="sound">
<h2 id="sound">Record or drop a sound</h2>
<canvas id="seen" class="heard" width="${width}" height="${height}" role="img" aria-label="What the network sees: pitch upwards, time to the right"></canvas>
<div class="tools">
<button id="record" type="button">Record ${seconds} s</button>
<button id="play" type="button" disabled>Play</button>
<label class="button">Choose a file <input id="file" type="file" accept="audio/*"></label>
</div>
<p>What the network sees: ${seconds} s at ${rate} Hz, ${height} bands of pitch (upwards), ${width} moments</p>
</section>`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
