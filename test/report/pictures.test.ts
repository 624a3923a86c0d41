import { describe, expect, it } from 'vitest';
import { project } from '../../src/report/charts/front-3d.ts';
import { headOf } from '../../src/report/head.ts';
import { colorOf, dashOf } from '../../src/report/palette.ts';

describe('the pictures', () => {
  it('have a line of its own colour or dashes for each of twenty series', () => {
    const looks = Array.from({ length: 20 }, (_, i) => `${colorOf(i)} ${dashOf(i)}`);
    expect(new Set(looks).size).toBe(20);
  });

  it('break a title and put legend names into columns where they are narrow', () => {
    const title = 'Hypervolume missing to the true front after each trial; 15 trials';
    const names = ['aging', 'evolution', 'policy', 'policy-ppo', 'tpe'];
    const narrow = headOf(title, names, 360);
    const wide = headOf(title, names, 1440);
    expect(narrow.title.text.split('\n').join(' ')).toBe(title);
    expect(Math.max(...narrow.title.text.split('\n').map(({ length }) => length))).toBeLessThan(40);
    expect(wide.title.text).toBe(title);
    expect(new Set(wide.legend.map(({ top }) => top)).size).toBe(1);
    expect(new Set(narrow.legend.map(({ top, left }) => `${top} ${left}`)).size).toBe(names.length);
    expect(narrow.height).toBeGreaterThan(wide.height);
  });

  it('show the cube from above, whole however it is turned', () => {
    const sides = [-0.5, 0.5];
    const corners = sides.flatMap((x) => sides.flatMap((y) => sides.map((z) => [x, y, z] as const)));
    for (let yaw = 0; yaw < 6.3; yaw += 0.1) {
      for (let pitch = 0; pitch <= 1.4; pitch += 0.1) {
        for (const corner of corners) expect(Math.abs(project(corner, [yaw, pitch])[1])).toBeLessThan(0.91);
      }
      const [floor, roof] = sides.map((z) => project([0, 0, z], [yaw, 0.4])[2]);
      expect(roof).toBeLessThan(floor!);
    }
  });
});
