import { expect, it } from 'vitest';
import { GarbageWatch } from '../../src/cli/garbage-watch.ts';

const mb = 2 ** 20;

it('collects once there is enough, and measures from what lived then', () => {
  let [used, collections] = [100 * mb, 0];
  const watch = new GarbageWatch(
    () => {
      collections++;
      used = 120 * mb;
    },
    () => used,
  );
  used = 124 * mb;
  watch.look();
  expect(collections).toBe(0);
  used = 126 * mb;
  watch.look();
  expect(collections).toBe(1);
  used = 149 * mb;
  watch.look();
  expect(collections).toBe(1);
  used = 151 * mb;
  watch.look();
  expect(collections).toBe(2);
});

it('takes the engine’s own collector', async () => {
  const dropped = new WeakRef(Array.from({ length: 1000 }, () => 0.5));
  let used = 0;
  const watch = new GarbageWatch(undefined, () => used);
  used = 100 * mb;
  await new Promise((resolve) => setTimeout(resolve)); // a reference holds what it refers to until the turn is over
  watch.look();
  expect(dropped.deref()).toBeUndefined();
});
