import { TrialStopped } from '../../trial/protocol.ts';

/**
 * The few words of shared memory through which the threads of a host are stopped, parked and lined up for the
 * exclusive lane. Waiting is `Atomics.wait` on one word, `wake`, which every change moves: no spinning, no message
 * (a thread inside a native call reads none), and no change can be missed between a look and the wait for the next.
 *
 * Lane: a slot with the smallest ticket takes `owner`, then waits until every other slot is idle or parked. A slot
 * parks at its next checkpoint while somebody else owns the lane. Whoever changes a slot's state first and looks at
 * `owner` second can not miss an owner who takes the lane first and looks at the states second.
 */
export interface Control {
  readonly slots: number;
  readonly words: Int32Array;
  /** Per slot, in ms of the process's monotonic clock; 0 is none. */
  readonly deadlines: BigInt64Array;
}

const word = { stop: 0, pause: 1, wake: 2, owner: 3, lastTicket: 4, memoryShort: 5, first: 6 } as const;
const state = { idle: 0, running: 1, parked: 2 } as const;

/** Bytes: the words above, per slot its state and its ticket, and (8-byte aligned) its deadline. */
const headBytes = (slots: number) => 4 * (word.first + 2 * slots);

export function createControlBuffer(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(headBytes(slots) + 8 * slots);
}

export function openControl(buffer: SharedArrayBuffer): Control {
  const slots = (buffer.byteLength - 4 * word.first) / 16;
  return {
    slots,
    words: new Int32Array(buffer, 0, word.first + 2 * slots),
    deadlines: new BigInt64Array(buffer, headBytes(slots), slots),
  };
}

const stateOf = (slot: number) => word.first + 2 * slot;
const ticketOf = (slot: number) => word.first + 2 * slot + 1;

/** One clock for all threads of the process, in ms. */
const monotonicMs = () => Number(process.hrtime.bigint() / 1_000_000n);

/** Changes a word and wakes whoever waits for any change. */
function set(control: Control, index: number, value: number): void {
  Atomics.store(control.words, index, value);
  wake(control);
}

function wake({ words }: Control): void {
  Atomics.add(words, word.wake, 1);
  Atomics.notify(words, word.wake);
}

/** Blocks this thread until `done()`; returns whether it came true within `timeoutMs`. */
function waitUntil(control: Control, done: () => boolean, timeoutMs = Number.POSITIVE_INFINITY): boolean {
  const until = monotonicMs() + timeoutMs;
  for (;;) {
    const seen = Atomics.load(control.words, word.wake);
    if (done()) return true;
    const left = until - monotonicMs();
    if (left <= 0) return false;
    Atomics.wait(control.words, word.wake, seen, left);
  }
}

// The host's side.

export const setStop = (control: Control) => set(control, word.stop, 1);
export const setPause = (control: Control, paused: boolean) => set(control, word.pause, paused ? 1 : 0);

/** Asks the threads to give back what they keep only to be faster. */
export const setMemoryShort = (control: Control, short: boolean) => set(control, word.memoryShort, short ? 1 : 0);

/** The slot has no trial any more, however it ended: it holds nothing and nobody waits for it. */
export function clearSlot(control: Control, slot: number): void {
  Atomics.store(control.deadlines, slot, 0n);
  Atomics.store(control.words, ticketOf(slot), 0);
  Atomics.compareExchange(control.words, word.owner, slot + 1, 0);
  set(control, stateOf(slot), state.idle);
}

/** The slots whose trial runs on (is not parked) more than `graceMs` after its deadline. */
export function overdueSlots(control: Control, graceMs: number): number[] {
  const latest = BigInt(monotonicMs() - graceMs);
  return Array.from({ length: control.slots }, (_, slot) => slot).filter((slot) => {
    const deadline = Atomics.load(control.deadlines, slot);
    return deadline > 0n && deadline < latest && Atomics.load(control.words, stateOf(slot)) === state.running;
  });
}

// A thread's side.

export const isMemoryShort = ({ words }: Control): boolean => Atomics.load(words, word.memoryShort) === 1;

export interface Lane {
  checkpoint(): void;
  exclusive<T>(work: (quiet: boolean) => Promise<T>): Promise<T>;
}

/**
 * Enters the slot for one trial, waiting first where the study is paused or the lane is taken. Time spent parked does
 * not count against the deadline. The holder of the lane waits `laneWaitMs` at most for trials that reach no step.
 */
export function enterSlot(control: Control, slot: number, deadlineMs: number | undefined, laneWaitMs: number): Lane {
  const { words, deadlines } = control;
  const me = slot + 1;
  const stopped = () => Atomics.load(words, word.stop) === 1;
  const paused = () => Atomics.load(words, word.pause) === 1;
  const owner = () => Atomics.load(words, word.owner);
  const mustPark = () => owner() !== me && (paused() || owner() !== 0);
  const slots = Array.from({ length: control.slots }, (_, other) => other);

  /** Parked until `done`, again and again until it still holds once this slot counts as running. */
  const park = (done: () => boolean) => {
    do {
      const since = monotonicMs();
      set(control, stateOf(slot), state.parked);
      waitUntil(control, () => stopped() || done());
      if (Atomics.load(deadlines, slot) > 0n) Atomics.add(deadlines, slot, BigInt(monotonicMs() - since));
      Atomics.store(words, stateOf(slot), state.running);
    } while (!stopped() && mustPark());
    if (stopped()) throw new TrialStopped('stopped');
  };

  const checkpoint = () => {
    if (mustPark()) park(() => !mustPark());
    if (stopped()) throw new TrialStopped('stopped');
    const deadline = Atomics.load(deadlines, slot);
    if (deadline > 0n && BigInt(monotonicMs()) > deadline) throw new TrialStopped('deadline');
  };

  const isNext = () => {
    const ticket = Atomics.load(words, ticketOf(slot));
    return slots.every((other) => {
      const theirs = Atomics.load(words, ticketOf(other));
      return theirs === 0 || theirs >= ticket;
    });
  };
  const takeLane = () => !paused() && isNext() && Atomics.compareExchange(words, word.owner, 0, me) === 0;
  const othersAreQuiet = () => slots.every((other) => other === slot || Atomics.load(words, stateOf(other)) !== state.running);

  const leaveLane = () => {
    Atomics.store(words, ticketOf(slot), 0);
    Atomics.compareExchange(words, word.owner, me, 0);
    wake(control);
  };

  const exclusive = async <T>(work: (quiet: boolean) => Promise<T>): Promise<T> => {
    if (owner() === me) return work(othersAreQuiet());
    Atomics.store(words, ticketOf(slot), Atomics.add(words, word.lastTicket, 1) + 1);
    try {
      park(takeLane);
      const quiet = waitUntil(control, () => stopped() || othersAreQuiet(), laneWaitMs);
      checkpoint();
      return await work(quiet);
    } finally {
      leaveLane();
    }
  };

  Atomics.store(words, stateOf(slot), state.running);
  if (deadlineMs !== undefined) Atomics.store(deadlines, slot, BigInt(Math.ceil(monotonicMs() + deadlineMs)));
  if (mustPark()) park(() => !mustPark());
  return { checkpoint, exclusive };
}
