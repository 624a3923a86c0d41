/** A process that trains beside others: opens one trainer, then runs as many steps as each message says. */
import { openTrainer } from './espalier.ts';
import type { Net } from './net.ts';

const [net, lowering] = JSON.parse(process.argv[2]!) as [Net, string];
const trainer = await openTrainer(net, { lowering, threads: 1 });
process.on('message', (steps: number) => {
  void trainer.run(steps).then((times) => process.send?.(times));
});
process.send?.('ready');
