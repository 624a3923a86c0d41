import fc from 'fast-check';
import { afterEach } from 'vitest';
import { cleanUp } from './fixtures/cleanup.ts';
import './fixtures/same-bytes.ts';

/**
 * Property tests draw the same cases in every run, so that a run on one machine says what the next one will do.
 * `FC_SEED=$RANDOM npx vitest run` looks for new counterexamples; add those found as `examples`.
 */
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_124) });

afterEach(cleanUp);
