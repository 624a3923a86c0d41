import { TrialStopped } from '../../trial/protocol.ts';
import type { SlotLook } from './slot-times.ts';

/**
 * The few words of shared memory through which the threads of a host are stopped, parked and lined up for the
 * exclusive lane. Waiting is `Atomics.wait` on one word, `wake`, which every change moves: no spinning, no message
 * (a thread inside a native call reads none), and no change can be missed between a look and the wait for the next.
 *
 * Lane: a slot with the smallest ticket takes `owner`, then waits until every other slot is idle or parked. A slot
 * parks at its next checkpoint while somebody else owns the lane. Whoever changes a slot's state first and looks at
 * `owner` second can not miss an owner who takes the lane first and looks at the states second.
 *
 * GPU: a slot that takes the word `gpu` is the only one to use it; who waits for it is parked.
 */
export interface Control {
  readonly slots: number;
  readonly words: Int32Array;
}

const word = { stop: 0, pause: 1, wake: 2, owner: 3, lastTicket: 4, memoryShort: 5, gpu: 6, first: 7 } as const;
const state = { idle: 0, running: 1, parked: 2 } as const;

/** Per slot: its state, its ticket, whether its trial is over its time, the steps that it has come to, whether it is to end. */
const perSlot = { state: 0, ticket: 1, late: 2, steps: 3, cancel: 4, count: 5 } as const;

export const createControlBuffer = (slots: number) => new SharedArrayBuffer(4 * (word.first + perSlot.count * slots));

export function openControl(buffer: SharedArrayBuffer): Control {
  const words = new Int32Array(buffer);
  return { slots: (words.length - word.first) / perSlot.count, words };
}

const ofSlot = (slot: number, part: Exclude<keyof typeof perSlot, 'count'>) => word.first + perSlot.count * slot + perSlot[part];
const stateOf = (slot: number) => ofSlot(slot, 'state');
const ticketOf = (slot: number) => ofSlot(slot, 'ticket');
const cancelOf = (slot: number) => ofSlot(slot, 'cancel');

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
/** Ends the trial on that slot alone. */
export const setCancel = (control: Control, slot: number) => set(control, cancelOf(slot), 1);
export const setPause = (control: Control, paused: boolean) => set(control, word.pause, paused ? 1 : 0);

/** Asks the threads to give back what they keep only to be faster. */
export const setMemoryShort = (control: Control, short: boolean) => set(control, word.memoryShort, short ? 1 : 0);

/** The slot has no trial any more, however it ended: it holds nothing and nobody waits for it. */
export function clearSlot(control: Control, slot: number): void {
  for (const part of ['ticket', 'late', 'steps', 'cancel'] as const) Atomics.store(control.words, ofSlot(slot, part), 0);
  for (const held of [word.owner, word.gpu]) Atomics.compareExchange(control.words, held, slot + 1, 0);
  set(control, stateOf(slot), state.idle);
}

/** The trial of the slot ends at its next step. */
export const setLate = (control: Control, slot: number) => set(control, ofSlot(slot, 'late'), 1);

/** At a slot that was given a trial. */
export const lookAtSlot = ({ words }: Control, slot: number): SlotLook => ({
  slot,
  state: (['loading', 'running', 'parked'] as const)[Atomics.load(words, stateOf(slot))]!,
  steps: Atomics.load(words, ofSlot(slot, 'steps')),
});

// A thread's side.

export const isMemoryShort = ({ words }: Control): boolean => Atomics.load(words, word.memoryShort) === 1;

export interface Lane {
  checkpoint(): void;
  exclusive<T>(work: (quiet: boolean) => Promise<T>): Promise<T>;
  gpu<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Enters the slot for one trial, waiting first where the study is paused or the lane is taken. The holder of the lane waits
 * `laneWaitMs` at most for trials that reach no step.
 */
export function enterSlot(control: Control, slot: number, laneWaitMs: number): Lane {
  const { words } = control;
  const me = slot + 1;
  const stopped = () => Atomics.load(words, word.stop) === 1 || Atomics.load(words, cancelOf(slot)) === 1;
  const paused = () => Atomics.load(words, word.pause) === 1;
  const owner = () => Atomics.load(words, word.owner);
  const mustPark = () => owner() !== me && (paused() || owner() !== 0);
  const slots = Array.from({ length: control.slots }, (_, other) => other);

  /** Parked until `done`, again and again until it still holds once this slot counts as running. */
  const park = (done: () => boolean) => {
    do {
      set(control, stateOf(slot), state.parked);
      waitUntil(control, () => stopped() || done());
      Atomics.store(words, stateOf(slot), state.running);
    } while (!stopped() && mustPark());
    if (stopped()) throw new TrialStopped('stopped');
  };

  const checkpoint = () => {
    Atomics.add(words, ofSlot(slot, 'steps'), 1);
    if (mustPark()) park(() => !mustPark());
    if (stopped()) throw new TrialStopped('stopped');
    if (Atomics.load(words, ofSlot(slot, 'late')) === 1) throw new TrialStopped('deadline');
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

  const holdsGpu = () => Atomics.load(words, word.gpu) === me;
  const takeGpu = () => holdsGpu() || Atomics.compareExchange(words, word.gpu, 0, me) === 0;

  const gpu = async <T>(work: () => Promise<T>): Promise<T> => {
    if (holdsGpu()) return work();
    try {
      if (!takeGpu()) park(() => !mustPark() && takeGpu());
      return await work();
    } finally {
      Atomics.compareExchange(words, word.gpu, me, 0);
      wake(control);
    }
  };

  Atomics.store(words, stateOf(slot), state.running);
  if (mustPark()) park(() => !mustPark());
  return { checkpoint, exclusive, gpu };
}
