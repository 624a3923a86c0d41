/**
 * Shows the dashboard on a stdout that says it is a terminal, and waits; a test ends it in different ways (argument `throw`:
 * it ends itself by an error).
 */
import { mountDashboard } from '../../src/dashboard/mount.ts';
import { simulatedAnalysis, simulatedEvents, simulatedGoal, simulatedRecord } from '../fixtures/simulated-events.ts';

const answer = { done: true, message: '' };
const stdout = Object.assign(process.stdout, { isTTY: true, columns: 80, rows: 24, getColorDepth: () => 1 });
mountDashboard({
  record: simulatedRecord,
  goal: simulatedGoal,
  budget: { trials: 5 },
  events(listener) {
    for (const event of simulatedEvents({ trials: 5 })) listener(event);
    return () => {};
  },
  analyse: simulatedAnalysis,
  actions: { search: { stop() {}, leaveNow() {} }, steer: () => answer, export: async () => answer },
  stdout,
  stdin: process.stdin,
  now: () => 0,
});
if (process.argv[2] === 'throw') {
  setTimeout(() => {
    throw new Error('a bug elsewhere');
  }, 500);
}
