import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { NasError } from '../core/errors.ts';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Ports that are tried one after the other where a person asked for none. */
const firstPort = 7357;
const ports = 10;

/** Listens on the port that was asked for, or on the first free one of a few. Throws NasError PORT_IN_USE, UI_ADDRESS. */
export async function listen(app: Hono, host: string, port: number | undefined): Promise<Listening> {
  if (port !== undefined) return listenOn(app, host, port);
  for (let tried = firstPort; ; tried++) {
    try {
      return await listenOn(app, host, tried);
    } catch (error) {
      const isTaken = error instanceof NasError && error.code === 'PORT_IN_USE';
      if (!isTaken || tried + 1 >= firstPort + ports) throw error;
    }
  }
}

function listenOn(app: Hono, host: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (address) =>
      resolve({ port: address.port, close: () => close(server) }),
    ) as Server;
    server.on('error', (error: NodeJS.ErrnoException) => reject(refusal(error, host, port)));
  });
}

/** Streams that are open end with it. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): NasError {
  const facts = { host, port, cause: error.code ?? error.message };
  if (error.code === 'EADDRINUSE')
    return new NasError(
      'PORT_IN_USE',
      `port ${port} is taken by another program. Name another with --port, or --port 0 for any that is free.`,
      { facts },
    );
  if (error.code === 'EACCES')
    return new NasError('UI_ADDRESS', `port ${port} needs more rights than you have. Name one from 1024 on with --port.`, {
      facts,
    });
  return new NasError('UI_ADDRESS', `cannot listen on ${host}: ${error.message}. Name an address of this machine with --host.`, {
    facts,
  });
}
