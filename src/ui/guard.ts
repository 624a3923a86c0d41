import { randomBytes } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isSameSecret } from '../core/secret.ts';

/** 256 bits, as text for a URL. */
export const newToken = (): string => randomBytes(32).toString('base64url');

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

export const isLoopback = (host: string): boolean => loopback.has(host);

/** Names under which a browser may reach a server that is bound to `host`. */
function namesOf(host: string): ReadonlySet<string> {
  if (isLoopback(host)) return loopback;
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const own = addresses.map(({ address }) => (address.includes(':') ? `[${address}]` : address));
  return new Set([...loopback, host, hostname(), ...own]);
}

/**
 * Refuses requests with the name of another machine in the Host header: a page from elsewhere that had its own name
 * resolve to this machine (DNS rebinding) could read everything else.
 */
export function onlyOwnHost(host: string): MiddlewareHandler {
  const names = namesOf(host);
  return async (context, next) => {
    const name = hostOf(context)?.replace(/:\d+$/, '').toLowerCase();
    if (name !== undefined && names.has(name)) return next();
    return context.text(
      `This page belongs to ${[...names][0]} and does not answer to "${name ?? ''}". Open it under the address that nas ui printed.\n`,
      421,
    );
  };
}

const hostOf = (context: Context): string | undefined => context.req.header('host');

const cookie = 'nas-token';

/** Beyond loopback every request needs the token: in the address once, from then on as a cookie. */
export function onlyWithToken(token: string): MiddlewareHandler {
  return async (context, next) => {
    const given = context.req.query('token');
    if (given !== undefined && isSameSecret(given, token)) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      return context.redirect('/');
    }
    if (isSameSecret(getCookie(context, cookie) ?? '', token)) return next();
    return context.text('This page asks for the token in the address that nas ui printed.\n', 401);
  };
}

/** What changes something comes from this page alone: its own origin, and the token that only this page was given. */
export function onlyFromPage(token: string): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header('origin');
    const isOwn = origin !== undefined && URL.canParse(origin) && new URL(origin).host === hostOf(context);
    if (isOwn && isSameSecret(context.req.header('x-nas-token') ?? '', token)) return next();
    return context.json({ code: 'UI_FOREIGN', message: 'only the page itself may do this. Reload it and try again.' }, 403);
  };
}
