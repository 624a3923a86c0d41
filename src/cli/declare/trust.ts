import type { Command } from 'commander';
import { dbOption, jsonOption } from './common.ts';

/** Declares what keeps a database and shipped models in order: `nas verify`, `nas gc`. */
export function addTrust(nas: Command): void {
  nas
    .command('verify')
    .description('check a shipped folder against its certificate, measured again on this machine; without one, the database')
    .argument('[dir]', 'what nas export wrote')
    .option('--files', 'hashes only: measure nothing')
    .option('--data <folder>', 'where the data are on this machine (default: as space.yaml says)')
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (dir, flags) => {
      const { verify } = await import('../commands/verify.ts');
      process.exitCode = await verify(dir, flags);
    });
  nas
    .command('gc')
    .description('remove models that no front needs, and checkpoints that no search goes on from')
    .option('--yes', 'remove them; else only say what would go')
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (flags) => (await import('../commands/gc.ts')).collectGarbage(flags));
}
