import { fileURLToPath } from 'node:url';
import { bundleCli } from './bundle.ts';

/** Part of `npm run build`. */
await bundleCli(fileURLToPath(new URL('../../../dist', import.meta.url)));
