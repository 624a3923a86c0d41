import type { SchedulerDefinition } from '../../core/scheduler.ts';

export const none: SchedulerDefinition = {
  name: 'none',
  summary: 'trains every trial to its end',
  single: true,
  create: () => ({
    begin: () => [1],
    tell: () => ({ state: 'complete' }),
    next: () => undefined,
    continued: () => undefined,
  }),
};
