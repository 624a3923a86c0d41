import type { Job } from './jobs.ts';
export async function writeReport(_jobs: readonly Job[]): Promise<void> {}
