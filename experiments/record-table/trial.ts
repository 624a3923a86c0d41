import { readFileSync } from 'node:fs';
import type { Artefact, DoneOutcome, Outcome } from '../../src/core/trial.ts';
import type { TrialHooks, TrialModule } from '../../src/trial/protocol.ts';
import type { SharedTrialData } from '../../src/trial/shared.ts';
import { trialModule as product } from '../../src/trial/trial.ts';
import type { MeasuredRung } from './rungs.ts';

/** The product's own trial, through all rungs of the request, each from the checkpoint of the one before. */
export const trialModule: TrialModule<SharedTrialData> = {
  prepare: (setup, hooks) => product.prepare(setup, hooks),
  async run(job, shared, hooks) {
    const rungs: MeasuredRung[] = [];
    let from: Artefact | undefined;
    let seconds = 0;
    let metrics: DoneOutcome['metrics'] = {};
    const { ends } = job.rung!;
    for (const index of ends.keys()) {
      const rung = { index, ends, ...(from ? { from } : {}) };
      const timing = await timed(() => product.run({ ...job, rung }, shared, quiet(hooks)));
      if (timing.outcome.state !== 'done') return timing.outcome;
      ({ metrics } = timing.outcome);
      from = timing.outcome.rung?.checkpoint;
      seconds += timing.seconds;
      rungs.push({ metrics, seconds });
    }
    return { state: 'done', metrics, details: { rungs: rungs.map((rung) => ({ ...rung })) }, seconds };
  },
};

const quiet = (hooks: TrialHooks): TrialHooks => ({ ...hooks, progress: () => {} });

/** Seconds of work. On Linux of this thread on a core, so that a loaded machine does not count; else of the clock. */
async function timed(run: () => Promise<Outcome>): Promise<{ outcome: Outcome; seconds: number }> {
  const cpu = cpuSeconds();
  const clock = performance.now();
  const outcome = await run();
  const after = cpuSeconds();
  const seconds = cpu === undefined || after === undefined ? (performance.now() - clock) / 1000 : after - cpu;
  return { outcome, seconds };
}

function cpuSeconds(): number | undefined {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e9;
  } catch {
    return undefined;
  }
}
