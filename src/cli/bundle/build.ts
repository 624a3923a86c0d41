import { fileURLToPath } from 'node:url';
import { bundleCli } from './bundle.ts';
import { copyRuntime } from './copy-runtime.ts';

/** Part of `npm run build`. */
const dist = fileURLToPath(new URL('../../../dist', import.meta.url));
await bundleCli(dist);
await copyRuntime(dist);
