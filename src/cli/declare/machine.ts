import { type Command, Option } from 'commander';

/** Declares what looks at this machine, or changes what it has: `nas doctor`, `nas engine`. */
export function addMachine(nas: Command): void {
  nas
    .command('doctor')
    .description('what this machine has, what would be used and why, and how fast each engine trains')
    .addOption(new Option('--no-speed', 'leave the speed test out'))
    .addOption(new Option('--json', 'for programs'))
    .action(async (flags) => {
      const { doctor } = await import('../commands/doctor.ts');
      process.exitCode = await doctor(flags);
    });
  nas
    .command('engine')
    .description('engines that npm does not bring')
    .command('install')
    .description('tensorflow: TensorFlow.js on the TensorFlow of pip; cuda: the CUDA provider of onnxruntime')
    .argument('<name>', 'tensorflow or cuda')
    .option('--python <program>', 'the Python that has TensorFlow', 'python3')
    .action(async (name, flags) => (await import('../commands/engine-install.ts')).installEngine(name, flags));
}
