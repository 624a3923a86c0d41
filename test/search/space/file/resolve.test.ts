import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveSpaceFile } from '../../../../src/search/space/file/resolve.ts';

let folder: string;
let before: string;
const bundled = () => join(folder, 'bundled');

beforeEach(() => {
  before = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'spaces-'));
  mkdirSync(bundled());
  mkdirSync(join(folder, 'here'));
  for (const name of ['resnet.yaml', 'quick.yaml']) writeFileSync(join(bundled(), name), '');
  process.chdir(join(folder, 'here'));
});

afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

describe('resolveSpaceFile', () => {
  it('finds the bundled file with and without its ending', () => {
    expect(resolveSpaceFile('resnet.yaml', bundled())).toBe(join(bundled(), 'resnet.yaml'));
    expect(resolveSpaceFile('quick', bundled())).toBe(join(bundled(), 'quick.yaml'));
  });

  it('prefers the file of this folder', () => {
    writeFileSync('resnet.yaml', '');
    writeFileSync('mine.yml', '');
    expect(resolveSpaceFile('resnet', bundled())).toBe('resnet.yaml');
    expect(resolveSpaceFile('mine', bundled())).toBe('mine.yml');
    expect(resolveSpaceFile(join(folder, 'here', 'mine.yml'), bundled())).toBe(join(folder, 'here', 'mine.yml'));
  });

  it('passes by a folder of that name', () => {
    mkdirSync('resnet');
    expect(resolveSpaceFile('resnet', bundled())).toBe(join(bundled(), 'resnet.yaml'));
  });

  it('says of a folder that it is one, and guesses none', () => {
    mkdirSync('dir.yaml');
    expect(() => resolveSpaceFile('dir.yaml', bundled())).toThrow('"dir.yaml" is a folder, not a space file');
    expect(() => resolveSpaceFile('dri.yaml', bundled())).toThrow(/^(?!.*dir\.yaml)/);
  });

  it('guesses the name that was meant and lists what there is', () => {
    writeFileSync('mine.yaml', '');
    expect(() => resolveSpaceFile('resent.yaml', bundled())).toThrow(
      'there is no space file "resent.yaml". Did you mean "resnet.yaml"? Here: mine.yaml. Bundled: quick.yaml, resnet.yaml. nas init writes a new one.',
    );
    expect(() => resolveSpaceFile('mien', bundled())).toThrow('Did you mean "mine"?');
  });

  it('does not look for a path among the bundled ones', () => {
    expect(() => resolveSpaceFile('./resnet.yaml', bundled())).toThrow('there is no space file "./resnet.yaml"');
    expect(() => resolveSpaceFile('x'.repeat(5000), bundled())).toThrow('there is no space file');
    expect(() => resolveSpaceFile('resnet', join(folder, 'nowhere'))).toThrow('Bundled: none.');
  });
});
