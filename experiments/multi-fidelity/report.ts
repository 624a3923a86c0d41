interface Arm {
  readonly trials: number;
  readonly epochs: number;
  readonly hypervolume: number;
  /** Hypervolume when a third of the full arm's epochs were trained. */
  readonly atThird: number;
}

export interface SeedResult {
  readonly seed: number;
  readonly full: Arm;
  readonly asha: Arm;
  /** Epochs after which asha had the hypervolume that the full arm ended with; null where it never had. */
  readonly reachedAfter: number | null;
}

interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly load: number;
  readonly node: string;
}

const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

export function toMarkdown(seeds: readonly SeedResult[], { processor, cores, load, node }: Machine): string {
  const rows = seeds.map(({ seed, full, asha, reachedAfter }) => {
    const reached = reachedAfter === null ? 'never' : `${reachedAfter.toFixed(0)} (${share(reachedAfter, full.epochs)})`;
    const cells = [
      seed,
      `${full.trials} / ${full.epochs.toFixed(0)}`,
      full.hypervolume.toFixed(4),
      `${asha.trials} / ${asha.epochs.toFixed(0)}`,
      asha.hypervolume.toFixed(4),
      reached,
      share(asha.atThird, full.hypervolume),
      share(full.atThird, full.hypervolume),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const held = seeds.filter(({ full, reachedAfter }) => reachedAfter !== null && reachedAfter <= full.epochs / 3).length;
  return `# Multi-fidelity

Searches of the same space with the same controller and seed: every trial trained to its end, and under \`asha\` (eta 4, rungs at
1/16, 1/4 and 1). Hypervolume of all measured files, size on a logarithmic axis, in the frame of the full arm's initial trials.

| seed | full: trials / epochs | hypervolume | asha: trials / epochs | hypervolume | full's hypervolume reached after | asha at 1/3 of full's epochs | full at 1/3 of its epochs |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

Reached with at most a third of the epochs: ${held} of ${seeds.length} seeds.

Machine: ${processor}, ${cores} cores, load ${load.toFixed(1)}, Node ${node}.
`;
}
