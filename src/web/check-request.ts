/**
 * Whether a request to the page may be answered at all: it must come from the page itself or from the address bar of a browser,
 * and name this server as such. Pure.
 *
 * Against DNS rebinding: Host must be an address of loopback or `localhost` with our port, whatever a foreign name resolves to.
 * Against other sites: Sec-Fetch-Site and Origin, which a page cannot forge, must say same origin (Fetch Metadata); a request
 * that acts needs the token besides, which no other site knows.
 */

import type { HttpRefusal, HttpRequest } from '../ports/http-server.ts';
import type { WebRefusal } from '../terms/web-refusal.ts';

/** Why a request is refused that came whole and in time. */
export type PageRefusal = Exclude<WebRefusal, HttpRefusal>;

/** What each refusal answers. */
export const REFUSALS: Readonly<Record<PageRefusal, { readonly status: number; readonly text: string }>> = {
  // RFC 9110 §15.5.20: the request was directed at a server that is not this one.
  host: { status: 421, text: 'this page is served to localhost and loopback addresses with its own port only' },
  origin: { status: 403, text: 'requests of other pages are refused' },
  'cross-site': { status: 403, text: 'requests of other sites are refused' },
  'not-found': { status: 404, text: 'there is no such page' },
  method: { status: 405, text: 'not with this method' },
  token: { status: 401, text: 'the token is missing or wrong' },
  type: { status: 415, text: 'the body must be application/json' },
  body: { status: 413, text: 'the body is too large' },
  busy: { status: 429, text: 'too much is under way: wait a moment' },
  words: { status: 400, text: 'the request cannot be understood' },
};

/** What may be asked for at one path. */
export interface PageRoute {
  readonly method: 'GET' | 'POST';
  readonly needsToken: boolean;
}

export interface RequestCheckOptions {
  /** The port that is listened on; null: a unix socket, to which whatever leads there may have any port. */
  readonly port: number | null;
  readonly token: string;
  readonly routeOf: (path: string) => PageRoute | null;
}

/** This host as it calls itself. An address in a Host field was looked up by nobody. */
const OWN_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** The refusal, or null. */
export function checkRequest(
  request: Pick<HttpRequest, 'method' | 'target' | 'headers'>,
  rules: RequestCheckOptions,
): PageRefusal | null {
  const { method, target, headers } = request;
  const host = only(headers.get('host'));
  // RFC 9112 §3.2: exactly one Host.
  if (host === null || !isOwnHost(host, rules.port)) return 'host';
  const site = headers.get('sec-fetch-site');
  // `none`: typed or opened from outside of the browser.
  if (site !== undefined && !['same-origin', 'none'].includes(only(site) ?? '')) return 'cross-site';
  const origin = headers.get('origin');
  if (origin !== undefined && only(origin)?.toLowerCase() !== `http://${host.toLowerCase()}`) return 'origin';
  const route = rules.routeOf(pathOf(target));
  if (route === null) return 'not-found';
  if (method !== route.method && !(method === 'HEAD' && route.method === 'GET')) return 'method';
  if (route.needsToken && !isToken(headers.get('authorization'), rules.token)) return 'token';
  if (route.method === 'POST' && !isJson(headers.get('content-type'))) return 'type';
  const hasBody = headers.has('transfer-encoding') || (only(headers.get('content-length')) ?? '0') !== '0';
  return route.method === 'GET' && hasBody ? 'body' : null;
}

export function pathOf(target: string): string {
  return target.split('?')[0] ?? '';
}

function only(values: readonly string[] | undefined): string | null {
  return values?.length === 1 ? (values[0] ?? null) : null;
}

function isOwnHost(host: string, port: number | null): boolean {
  const [, name = '', given = '80'] = /^(.*?)(?::(\d{1,5}))?$/.exec(host.toLowerCase()) ?? [];
  return OWN_HOST.test(name) && (port === null || Number(given) === port);
}

/** Takes as long for a wrong token of the right length as for the right one. */
function isToken(values: readonly string[] | undefined, token: string): boolean {
  const given = /^Bearer ([\x21-\x7e]+)$/i.exec(only(values) ?? '')?.[1] ?? '';
  let difference = given.length ^ token.length;
  for (let i = 0; i < token.length; i++) difference |= (given.charCodeAt(i) || 0) ^ token.charCodeAt(i);
  return difference === 0;
}

function isJson(values: readonly string[] | undefined): boolean {
  return /^application\/json(?:;\s*charset=utf-8)?$/i.test(only(values) ?? '');
}
