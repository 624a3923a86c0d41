import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchFile } from '../../../src/network/data/download.ts';
import { officialDataset } from '../../../src/network/data/official.ts';
import type { Places } from '../../../src/network/data/places.ts';
import { homeFolder, placesOf } from '../../../src/network/data/places.ts';
import { emptyMachine, quiet, smallFiles, temporaryFolder, writeGz } from './helpers.ts';

const content = smallFiles();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const pins = Object.fromEntries(Object.entries(content).map(([name, bytes]) => [name, sha256(bytes)]));
const files = Object.keys(content)
  .map((name) => `${name}.gz`)
  .toSorted();
const nowhere = 'http://127.0.0.1:9/';

function dataset(site: string) {
  return officialDataset({
    name: 'toy',
    title: 'Toy',
    summary: 'a toy',
    classes: ['a', 'b', 'c'],
    pins: pins as Parameters<typeof officialDataset>[0]['pins'],
    site,
    debianPackage: 'dataset-toy',
  });
}

const load = (places: Places, { site = nowhere, folder }: { site?: string; folder?: string } = {}) =>
  dataset(site).load({ validation: 3, folder }, quiet, places);

async function put(folder: string, files: Record<string, Buffer> = content): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeGz(folder, files);
  return folder;
}

const damaged = { ...content, 't10k-images-idx3-ubyte': Buffer.from(content['t10k-images-idx3-ubyte']!).fill(7, 30) };

/** Serves a folder's files; says what was asked for. */
async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  onTestFinished(async () => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function serveFolder(folder: string): Promise<{ site: string; asked: string[] }> {
  const asked: string[] = [];
  const site = await serve((request, response) => {
    asked.push(request.url!.slice(1));
    readFile(join(folder, request.url!)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  return { site, asked };
}

describe('an official data set', () => {
  it('is what is in the folder that was named, else in the cache, NAS_DATA or the installed package', async () => {
    const root = await temporaryFolder();
    const machine: Places = { ...emptyMachine(root), local: join(root, 'local') };
    const folder = join(root, 'mine');
    // Each place in turn is the only whole one; those before it have nothing.
    for (const place of [
      join(machine.cache, 'toy'),
      machine.local!,
      join(machine.local!, 'toy'),
      join(machine.installed, 'toy'),
    ]) {
      await put(place);
      expect((await load(machine)).test.count).toBe(6);
      await expect(load(machine, { folder })).rejects.toMatchObject({ code: 'DATA_MISSING', exitCode: 2 });
      await rm(place, { recursive: true });
    }
    // A damaged file later in the order is never looked at.
    await put(machine.local!, damaged);
    await put(folder);
    await expect(load(machine, { folder })).resolves.toMatchObject({ name: 'toy', classes: ['a', 'b', 'c'] });
    await put(join(machine.cache, 'toy'));
    await expect(load(machine)).resolves.toBeDefined();
  });

  it("says which of the user's own files is corrupt, and does not go on", async () => {
    const root = await temporaryFolder();
    const machine = emptyMachine(root);
    await put(join(machine.installed, 'toy'));
    const folder = await put(join(root, 'mine'), damaged);
    const error = { code: 'DATA_CORRUPT', facts: { file: join(folder, 't10k-images-idx3-ubyte.gz') }, exitCode: 2 };
    await expect(load(machine, { folder })).rejects.toMatchObject(error);
    await expect(load({ ...machine, local: folder })).rejects.toMatchObject({
      ...error,
      message: expect.stringContaining('SHA-256'),
    });
  });

  it('fetches from the site into the cache, once', async () => {
    const root = await temporaryFolder();
    const machine = emptyMachine(root);
    const { site, asked } = await serveFolder(await put(join(root, 'www')));
    const stages = new Set<string>();
    await dataset(site).load({ validation: 3 }, { progress: (p) => stages.add(p.stage) }, machine);
    expect(asked.toSorted()).toEqual(files);
    expect([...stages]).toEqual(expect.arrayContaining(files.map((file) => `fetch ${file}`)));
    expect(await readdir(machine.cache)).toEqual(['toy']);
    expect((await readdir(join(machine.cache, 'toy'))).toSorted()).toEqual(files);
    await load(machine, { site: nowhere });
    expect(asked).toHaveLength(4);
  });

  it('fetches again what is corrupt or torn in the cache', async () => {
    const root = await temporaryFolder();
    const machine = emptyMachine(root);
    const { site, asked } = await serveFolder(await put(join(root, 'www')));
    const cache = await put(join(machine.cache, 'toy'), damaged);
    await load(machine, { site });
    expect(asked).toHaveLength(4);
    await rm(join(cache, files[0]!));
    await load(machine, { site });
    expect(asked).toHaveLength(8);
    await load(machine);
  });

  it('lets nothing corrupt into the cache', async () => {
    const root = await temporaryFolder();
    const machine = emptyMachine(root);
    const { site } = await serveFolder(await put(join(root, 'www'), damaged));
    await expect(load(machine, { site })).rejects.toMatchObject({
      code: 'DATA_MISSING',
      message: expect.stringMatching(/its own site: .*t10k-images.*SHA-256/),
    });
    expect(await readdir(machine.cache)).toEqual([]);
  });

  it('works where the cache cannot be written', async () => {
    const root = await temporaryFolder();
    const { site } = await serveFolder(await put(join(root, 'www')));
    await writeFile(join(root, 'cache'), 'a file is in the way');
    await expect(load(emptyMachine(root), { site })).resolves.toMatchObject({ name: 'toy' });
  });

  it('names every way that was tried, and what to do', async () => {
    const root = await temporaryFolder();
    const machine: Places = { ...emptyMachine(root), local: join(root, 'local') };
    await put(join(machine.cache, 'toy'), damaged);
    const { site } = await serveFolder(join(root, 'www'));
    const error = await load(machine, { site }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'DATA_MISSING', exitCode: 2 });
    const tried = (error as { facts: { tried: string[] } }).facts.tried;
    expect(tried.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'cache',
      'NAS_DATA',
      "Debian's package",
      'its own site',
      "Debian's package, downloaded",
    ]);
    expect(tried[0]).toMatch(/SHA-256/);
    expect(tried[1]).toMatch(/there is no data folder/);
    expect(tried[3]).toMatch(/HTTP 404/);
    expect(tried[4]).toMatch(/no-apt-get download dataset-toy: .*ENOENT/);
    for (const line of [...tried, 'NAS_DATA', 'dataset-toy', site]) expect((error as Error).message).toContain(line);
  });

  const dpkgDeb = '/usr/bin/dpkg-deb';
  it.skipIf(!existsSync(dpkgDeb))("downloads and unpacks Debian's package without installing it", async () => {
    const root = await temporaryFolder();
    await put(join(root, 'deb/usr/share/datasets/toy'));
    await mkdir(join(root, 'deb/DEBIAN'));
    const control =
      'Package: dataset-toy\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: toy\n';
    await writeFile(join(root, 'deb/DEBIAN/control'), control);
    execFileSync(dpkgDeb, ['--build', '--root-owner-group', join(root, 'deb'), join(root, 'toy.deb')]);
    const aptGet = join(root, 'apt-get');
    await writeFile(
      aptGet,
      `#!/bin/sh\n[ "$1 $2" = "download dataset-toy" ] && cp ${join(root, 'toy.deb')} ./dataset-toy_1_all.deb\n`,
    );
    await chmod(aptGet, 0o755);
    const machine = { ...emptyMachine(root), aptGet };
    expect((await load(machine)).test.count).toBe(6);
    expect(await readdir(machine.cache)).toEqual(['toy']);
    await load(emptyMachine(root));
  });

  it('two loads at once leave one whole cache', async () => {
    const root = await temporaryFolder();
    const machine = emptyMachine(root);
    const { site } = await serveFolder(await put(join(root, 'www')));
    await Promise.all([load(machine, { site }), load(machine, { site })]);
    expect(await readdir(machine.cache)).toEqual(['toy']);
    await load(machine);
  });
});

describe('fetchFile', () => {
  it('gives up when nothing arrives any more', async () => {
    const site = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('ten bytes.');
    });
    const fetched = fetchFile(site, 'file.gz', await temporaryFolder(), quiet, 200);
    await expect(fetched).rejects.toMatchObject({
      code: 'DATA_DOWNLOAD',
      message: expect.stringContaining('nothing arrived for 0.2 s'),
    });
  });

  it('notices a connection that breaks', async () => {
    const site = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('ten bytes.', () => response.destroy());
    });
    await expect(fetchFile(site, 'file.gz', await temporaryFolder(), quiet)).rejects.toMatchObject({ code: 'DATA_DOWNLOAD' });
  });

  it('says why nobody answers', async () => {
    await expect(fetchFile(nowhere, 'file.gz', await temporaryFolder(), quiet)).rejects.toMatchObject({
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\/file\.gz: fetch failed \(.+\)\.$/),
    });
  });

  it('counts the bytes', async () => {
    const folder = await temporaryFolder();
    const bytes = Buffer.alloc(300_000, 1);
    const site = await serve((_, response) => response.writeHead(200, { 'content-length': bytes.length }).end(bytes));
    const seen: number[][] = [];
    await fetchFile(site, 'file.gz', folder, { progress: ({ done, total }) => seen.push([done, total]) });
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(bytes.equals(await readFile(join(folder, 'file.gz')))).toBe(true);
  });
});

describe('placesOf', () => {
  it('needs a home folder only where nothing else is named', () => {
    const none = () => homeFolder(() => '');
    expect(placesOf({ XDG_CACHE_HOME: '/big/cache' }, none).cache).toBe('/big/cache/espalier/datasets');
    const message = expect.stringContaining('Set XDG_CACHE_HOME');
    expect(() => placesOf({}, none)).toThrow(expect.objectContaining({ code: 'NO_HOME', exitCode: 2, message }));
    const unknown = () => {
      throw new Error('uv_os_homedir returned ENOENT');
    };
    expect(homeFolder(unknown)).toBeUndefined();
    expect(homeFolder(() => '/home/me')).toBe('/home/me');
  });

  it('follows XDG_CACHE_HOME where it is absolute, and NAS_DATA where it is set', () => {
    expect(placesOf({ XDG_CACHE_HOME: '/big/cache', NAS_DATA: '/data' })).toMatchObject({
      cache: '/big/cache/espalier/datasets',
      local: '/data',
    });
    for (const XDG_CACHE_HOME of [undefined, '', 'relative']) {
      expect(placesOf({ XDG_CACHE_HOME, NAS_DATA: '' }).cache).toMatch(/\/\.cache\/espalier\/datasets$/);
    }
    expect(placesOf({ NAS_DATA: '' }).local).toBeUndefined();
  });
});
