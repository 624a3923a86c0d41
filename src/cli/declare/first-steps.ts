import type { Command } from 'commander';
import { listOfNames } from '../options.ts';

/** Declares what one begins with: a space of one's own, and the guides. */
export function addFirstSteps(nas: Command): void {
  nas
    .command('init')
    .description('write a space file, with every line explained: asks on a terminal, else takes the options and usual answers')
    .argument('[file]', 'where to write it (default: space.yaml)')
    .option('--model <family>', 'the network: resnet, mobilenet, or your own, net.onnx')
    .option(
      '--data <name>',
      'what it is trained on: fashion-mnist, spoken-prompts, or a folder of pictures or recordings (one folder for every class) or idx files',
    )
    .option('--aim <metrics>', 'besides accuracy: size, latency, or both with a comma', listOfNames)
    .option('--bound <constraint>', 'what no model may miss: "size <= 50kB"; "none" for nothing')
    .option('--techniques <names>', 'what may be done to layers: prune,quantize,factor,sparsify,drop,distil', listOfNames)
    .option('--effort <how>', 'how long it may take: quick, usual, thorough')
    .option('--yes', 'ask nothing')
    .option('--force', 'write over a file that is there')
    .action(async (file, flags) => {
      const { init } = await import('../commands/init.ts');
      process.exitCode = await init(file, flags);
    });
  nas
    .command('guide')
    .description('a page on each task: quick start, your space, reading the front, shipping, resuming, speed')
    .argument('[topic]', 'which (default: a list of them)')
    .action(async (topic) => (await import('../commands/guide.ts')).guide(topic));
  nas
    .command('spaces')
    .description('the bundled search spaces')
    .action(async () => (await import('../commands/spaces.ts')).spaces());
  nas
    .command('schema')
    .description('JSON Schema of space files, for editors')
    .action(async () => (await import('../commands/schema.ts')).schema());
}
