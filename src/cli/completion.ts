import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * `nas completion bash|zsh|fish`: prints what makes the shell complete commands, options and the values below. The shell
 * then asks `nas complete -- …`; only then are the lists loaded.
 */
export async function addCompletion(nas: Command, argv: readonly string[]): Promise<void> {
  const root = tab(nas, { completionCommandName: 'completion' });
  if (!argv.includes('complete')) return;
  const values = await knownValues();
  for (const command of root.commands.values()) {
    for (const [option, list] of Object.entries(values)) {
      const found = command.options.get(option);
      if (found)
        found.handler = (complete) => {
          for (const { name, summary } of list) complete(name, summary);
        };
    }
  }
}

interface Known {
  readonly name: string;
  readonly summary: string;
}

/** What may stand behind an option, by the option's name. */
async function knownValues(): Promise<Readonly<Record<string, readonly Known[]>>> {
  const [{ controllers }, { schedulers }, { pickRules }, { exportFormats }, { listSpaceFiles }, { bundledSpaces }] =
    await Promise.all([
      import('../search/controllers/index.ts'),
      import('../search/schedulers/index.ts'),
      import('../search/pick/index.ts'),
      import('../export/formats/index.ts'),
      import('../search/space/file/resolve.ts'),
      import('./folders.ts'),
    ]);
  const spaces = listSpaceFiles(bundledSpaces).map((name) => ({ name, summary: 'bundled space' }));
  return { controller: controllers, scheduler: schedulers, rule: pickRules, format: exportFormats, space: spaces };
}
