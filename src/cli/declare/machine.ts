import { type Command, Option } from 'commander';
import { port } from './common.ts';

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
    .command('device')
    .description('time models on this machine for searches on others: a board, a server, anything that runs Node.js')
    .option('--port <n>', 'port to listen on', port, 7411)
    .option('--host <address>', 'address to listen on; beyond this machine a token is asked for', '0.0.0.0')
    .addOption(new Option('--json', 'for programs: what it is, and every timing, as JSON, a line each'))
    .action(async (flags) => {
      const { device } = await import('../commands/device.ts');
      process.exitCode = await device(flags);
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
