import type { SiteSettings } from '../../../src/core/candidate.ts';
import type { Claim, Row } from '../row.ts';

const exits = (name: string, what: string, settings: SiteSettings, more: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { exit: [{ at: 'stage*', settings }] },
  ...more,
});

const gates = (name: string, what: string, rate: number): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { skip: { rate } },
});

const widths = (name: string, what: string, rate: number, more: Partial<Row> = {}): Row => ({
  name,
  what,
  network: 'resnet',
  techniques: { slim: { rate, width: 0.5 } },
  ...more,
});

export const dynamic: Claim = {
  technique: 'dynamic networks',
  claim:
    'a gate decides per input which path runs (early exit, skipped block, half-width branch): saves 30–50 % of the computation',
  rows: [
    exits('exit-80', 'exits behind two stages, where 80 % sure', { threshold: 0.8 }),
    exits('exit-90', 'where 90 % sure', { threshold: 0.9 }, { timed: true }),
    exits('exit-95', 'where 95 % sure', { threshold: 0.95 }),
    exits('exit-90-learned', 'where a learned gate is 90 % sure', { threshold: 0.9, gate: 'learned' }),
    gates('skip-50', 'branches run for half of the images', 0.5),
    gates('skip-70', 'for 70 % of the images', 0.7),
    widths('slim-50', 'half of the images have all channels in their branches, the others half of them', 0.5),
    widths('slim-25', 'a quarter of the images have', 0.25),
    widths('wide-slim-25', 'a quarter of the images have, in the wide network', 0.25, { network: 'wide' }),
    exits('wide-exit-90', 'exits of the wide network, where 90 % sure', { threshold: 0.9 }, { network: 'wide' }),
  ],
  expectations: [
    { says: 'exits save 30 % of the computation', row: 'exit-90', measure: 'saved', atLeast: 0.3 },
    { says: 'within a point', row: 'exit-90', measure: 'change', atLeast: -0.01 },
    { says: 'they save time too: 1.2 times faster', row: 'exit-90', measure: 'faster', atLeast: 1.2 },
    { says: 'wide network: 1.2 times faster', row: 'wide-exit-90', measure: 'faster', atLeast: 1.2 },
    { says: 'skipped branches save 30 %', row: 'skip-50', measure: 'saved', atLeast: 0.3 },
    { says: 'within a point', row: 'skip-50', measure: 'change', atLeast: -0.01 },
    { says: 'half-width branches save 30 %', row: 'slim-25', measure: 'saved', atLeast: 0.3 },
    { says: 'within a point', row: 'slim-25', measure: 'change', atLeast: -0.01 },
    { says: 'they save time too: 1.2 times faster', row: 'slim-25', measure: 'faster', atLeast: 1.2 },
    { says: 'wide network: within a point', row: 'wide-slim-25', measure: 'change', atLeast: -0.01 },
    { says: 'wide network: 1.2 times faster', row: 'wide-slim-25', measure: 'faster', atLeast: 1.2 },
  ],
  remark: 'MACs saved and times are means over the validation images, each of which takes its own way.',
};
