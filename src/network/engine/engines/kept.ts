import type { Session } from '../session.ts';

/**
 * The open session of this thread's last training: trials that differ only in what they feed, and the parts of one
 * training, have the same step. One at most, which is closed before another opens, so that a thread never holds two.
 */
let kept: { readonly key: string; readonly session: Session } | undefined;

/** The kept session where its step is the same, else a new one. It is the caller's until it is kept again. */
export async function takeSession(key: string, open: () => Promise<Session>): Promise<Session> {
  if (kept?.key !== key) await releaseKept();
  const found = kept?.session;
  kept = undefined;
  return found ?? open();
}

/** Leaves a session open for the next training. Only one whose work ended well: after an error, release it. */
export async function keepSession(key: string, session: Session): Promise<void> {
  await releaseKept();
  kept = { key, session };
}

/** Gives the memory of the kept session back. */
export async function releaseKept(): Promise<void> {
  const before = kept;
  kept = undefined;
  await before?.session.release();
}
