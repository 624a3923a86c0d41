/** Entry of the process that runs cases of one subject: argv has its name, the first case and the one after the last. */
import { openSync, writeSync } from 'node:fs';
import { emptyTally, runCase } from '../../test/fixtures/fuzz/run.ts';
import { subjects, withPrepared } from '../../test/fixtures/fuzz/subjects.ts';

const [name, from, to, stateFile] = process.argv.slice(2) as [string, string, string, string];
const subject = subjects.find((each) => each.name === name)!;
const tally = emptyTally();
const state = openSync(stateFile, 'w');

await withPrepared(subject, async (prepared) => {
  for (let number = Number(from); number < Number(to); number++) {
    // Where the process dies, this says of what. Written in place: opening a file takes longer than most cases.
    writeSync(state, String(number).padEnd(12), 0);
    await runCase(prepared, number, prepared.make(number), tally);
  }
});
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
if (process.send) process.send({ tally, peakMb });
else console.log(JSON.stringify(tally));
