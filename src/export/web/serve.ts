/** Ships in a web bundle as `serve.mjs`: serves its folder on this machine alone. `node serve.mjs [port]` */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

const folder = fileURLToPath(new URL('.', import.meta.url));

/** The file that a request's address means; undefined where it is none of this folder, or no address. */
function fileOf(address: string): string | undefined {
  try {
    const path = new URL(address, 'http://localhost').pathname;
    const file = normalize(join(folder, decodeURIComponent(path === '/' ? '/index.html' : path)));
    return file.startsWith(folder.endsWith(sep) ? folder : folder + sep) && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

const server = createServer((request, response) => {
  const file = fileOf(request.url ?? '/');
  if (!file) {
    response.writeHead(404).end('not found');
    return;
  }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
});

server.on('error', (error: NodeJS.ErrnoException) => {
  process.stderr.write(`${error.code === 'EADDRINUSE' ? 'the port is in use: node serve.mjs PORT' : error.message}\n`);
  process.exitCode = 1;
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`);
});
