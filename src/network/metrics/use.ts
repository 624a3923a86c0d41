import { z } from 'zod';

/** How the exported file is run where it is used, and so when its time is measured. `latency:` of a space file. */
export const latencyUseSchema = z
  .strictObject({
    batch: z.int().min(1).max(1024).default(1).describe('Images in one run. latencyMs is the time of a run.'),
    threads: z.int().min(1).max(256).default(1).describe('Threads that a run may use; no more than there are cores.'),
    seconds: z
      .number()
      .min(0.05)
      .max(60)
      .default(1)
      .describe(
        'How long a model is timed, in turns with the uncompressed one; up to 1.7 times as long where times are unsteady.',
      ),
    on: z
      .url({ protocol: /^https?$/, error: 'is no address such as http://192.168.1.7:7411' })
      .optional()
      .describe('The machine that times: where `nas device` runs, which prints its address. This machine where left out.'),
  })
  .describe('How the exported file is run when its time is measured: one image, on one thread, on this machine, where left out');

export type LatencyUse = z.infer<typeof latencyUseSchema>;

export const usualUse: LatencyUse = { batch: 1, threads: 1, seconds: 1 };
