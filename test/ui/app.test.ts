import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportHere } from '../../src/cli/export-process.ts';
import { detailsOf, headOf } from '../../src/cli/study-picture.ts';
import type { RunningTrial } from '../../src/core/control.ts';
import { openStore } from '../../src/store/index.ts';
import { createApp } from '../../src/ui/app.ts';
import { fileDocument } from '../../src/ui/document.ts';
import { Library } from '../../src/ui/library.ts';
import { listen } from '../../src/ui/server.ts';
import { nas } from '../fixtures/cli.ts';
import { madeUpStudy, writeMadeUp } from '../fixtures/made-up-study.ts';

const assets = { script: 'script', style: 'style' };

describe('the server of nas ui', () => {
  let folder: string;
  let db: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nas-ui-'));
    db = join(folder, 'nas.db');
    writeMadeUp(db, madeUpStudy({ trials: 5 }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const appOn = (host: string) =>
    createApp({
      library: new Library({ db, headOf: (record) => headOf(record, db) }),
      assets,
      host,
      token: 'secret',
      detailsOf,
      exportTrial: async (study, trial, out) => `${study} ${trial} ${out}`,
    });
  const at = (path: string, headers: Record<string, string> = {}) =>
    [`http://localhost:1${path}`, { headers: { host: 'localhost:1', ...headers } }] as const;

  it('sends the page under a policy without inline code, and the study', async () => {
    const app = appOn('127.0.0.1');
    const page = await app.request(...at('/'));
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(await page.text()).toContain('<script src="/main.js">');
    const { studies } = (await (await app.request(...at('/api/studies'))).json()) as { studies: unknown[] };
    expect(studies).toMatchObject([{ name: 'made-up', live: false }]);
    const study = (await (await app.request(...at('/api/studies/made-up'))).json()) as {
      change: { trials: { number: number[] } };
    };
    expect(study.change.trials.number).toEqual([0, 1, 2, 3, 4]);
    expect(await (await app.request(...at('/api/studies/made-up/trials/3'))).json()).toMatchObject({ number: 3 });
  });

  it('tells how the trials that run go on, with their curves so far', async () => {
    const { record, events } = madeUpStudy({ name: 'live', trials: 3 });
    writeMadeUp(db, { record, events: events.slice(0, -1) });
    const store = openStore(db, { mode: 'write' });
    const lease = store.lease('live');
    const said = (trial: number): RunningTrial => ({
      worker: 0,
      trial,
      progress: { stage: 'train', done: 3, total: 10, loss: 0.5 },
      curve: [{ epoch: 0.3, loss: 0.5 }],
    });
    const status = { at: 7, paused: false, workers: 1, budget: { trials: 3, seconds: null }, running: [said(2), said(1)] };
    const library = new Library({ db, headOf: (of) => headOf(of, db), statusOf: () => status });
    // What it says of trial 1, which has ended, is late.
    expect(library.passing(library.study('live'))).toEqual({ at: 7, running: [said(2)] });
    lease.release();
    expect(library.passing(library.study('live'))).toEqual({ at: 0, running: [] });
    store.close();
  });

  it('answers calmly to what is not there', async () => {
    const app = appOn('127.0.0.1');
    const missing = await app.request(...at('/api/studies/nothing'));
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ code: 'STUDY_MISSING', message: expect.stringContaining('It has: made-up') });
    expect((await app.request(...at('/api/studies/nothing/changes'))).status).toBe(404);
    expect((await app.request(...at('/api/studies/made-up/trials/99'))).status).toBe(404);
    expect((await app.request(...at('/elsewhere'))).status).toBe(404);
  });

  it('refuses the name of another machine', async () => {
    for (const host of ['evil.example', 'evil.example:7357', 'localhost.evil.example', '']) {
      const answer = await appOn('127.0.0.1').request(...at('/', { host }));
      expect(answer.status).toBe(421);
      expect(await answer.text()).toContain('does not answer to');
    }
    expect((await appOn('127.0.0.1').request(...at('/', { host: '[::1]:7357' }))).status).toBe(200);
  });

  it('asks for the token beyond loopback, once', async () => {
    const app = appOn('0.0.0.0');
    expect((await app.request(...at('/'))).status).toBe(401);
    expect((await app.request(...at('/?token=wrong'))).status).toBe(401);
    const welcome = await app.request(...at('/?token=secret'));
    expect(welcome.status).toBe(302);
    const cookie = welcome.headers.get('set-cookie')!;
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect((await app.request(...at('/', { cookie: cookie.split(';')[0]! }))).status).toBe(200);
  });

  it('exports for its own page alone', async () => {
    const app = appOn('127.0.0.1');
    const ask = (headers: Record<string, string>, body = '{"folder":"out"}') =>
      app.request('http://localhost:1/api/studies/made-up/trials/3/export', {
        method: 'POST',
        headers: { host: 'localhost:1', ...headers },
        body,
      });
    const own = { origin: 'http://localhost:1', 'x-nas-token': 'secret' };
    expect((await ask({})).status).toBe(403);
    expect((await ask({ ...own, origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask({ ...own, 'x-nas-token': 'guess' })).status).toBe(403);
    expect((await ask(own, 'no JSON')).status).toBe(400);
    expect(await (await ask(own)).json()).toEqual({ message: 'made-up 3 out' });
  });

  it('exports nowhere but below the folder it was started in', async () => {
    for (const out of ['', ' ', '/etc', '../x', 'a/../../x', '.', 'a\0b'])
      await expect(exportHere({ db, study: 'made-up', trial: 1, folder: out })).rejects.toMatchObject({ code: 'EXPORT_FOLDER' });
    await expect(exportHere({ db, study: 'made-up', trial: Number.NaN, folder: 'x' })).rejects.toMatchObject({
      code: 'TRIAL_MISSING',
    });
  });

  it('says that a port is taken, and finds another where none was asked for', async () => {
    const blocker = createServer();
    await new Promise<void>((done) => blocker.listen(0, '127.0.0.1', done));
    const { port } = blocker.address() as { port: number };
    await expect(listen(appOn('127.0.0.1'), '127.0.0.1', port)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    const [one, two] = [
      await listen(appOn('127.0.0.1'), '127.0.0.1', undefined),
      await listen(appOn('127.0.0.1'), '127.0.0.1', undefined),
    ];
    expect(two.port).not.toBe(one.port);
    await Promise.all([one.close(), two.close()]);
    blocker.close();
    await expect(listen(appOn('192.0.2.1'), '192.0.2.1', 0)).rejects.toMatchObject({ code: 'UI_ADDRESS' });
  });

  it('refuses an unknown study before it serves anything', { timeout: 120_000 }, async () => {
    const unknown = await nas(folder, 'ui', '--study', 'nothing', '--no-open');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('has no study "nothing". It has: made-up') });
    expect(await nas(folder, 'ui', '--db', 'no.db')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no such file'),
    });
    expect(await nas(folder, 'ui', '--port', '70000')).toMatchObject({ code: 2 });
  });
});

describe('a page in one file', () => {
  it('holds any data without leaving its script element', () => {
    const html = fileDocument(
      'a <b>',
      { text: '</script><script>alert(1)</script><!--' },
      { script: 'run("</script>")', style: 'a{}' },
    );
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).toContain('<title>a &lt;b&gt;</title>');
    expect(html).toMatch(/script-src 'sha256-[\w+/=]+'/);
  });
});
