/**
 * What an HTTP request asks of DNS (RFC 8484 §4.1): the message of a GET, the promise of one in the body of a POST, or the
 * status that turns it away.
 *
 * Leaves to others: HTTP itself (the network port), collecting a body, what the message means.
 */

import type { HttpRequest, HttpResponse } from '../ports/http.ts';
import { fromBase64 } from '../wire/bytes.ts';
import { freshnessSeconds } from '../wire/freshness.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';

/** RFC 8484 §6. */
const DNS_MESSAGE = 'application/dns-message';
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** Base64 encodes so many octets in four letters. */
const GROUP_OCTETS = 3;
/** Letters that the largest message takes. */
const MAX_PARAMETER_LETTERS = Math.ceil(MAX_MESSAGE_OCTETS / GROUP_OCTETS) * 4;

type DohRequest =
  | { readonly kind: 'message'; readonly message: Uint8Array }
  /** The message follows. */
  | { readonly kind: 'body' }
  | { readonly kind: 'refused'; readonly response: HttpResponse };

/** Status of a request that is refused. */
export const HTTP_STATUS = {
  ok: 200,
  badRequest: 400,
  notFound: 404,
  notAllowed: 405,
  tooLarge: 413,
  uriTooLong: 414,
  unsupportedType: 415,
} as const;

export function readDohRequest(request: HttpRequest, endpoint: string): DohRequest {
  const { method, target, contentType, contentLength } = request;
  const mark = target.indexOf('?');
  if ((mark < 0 ? target : target.slice(0, mark)) !== endpoint) return refused(HTTP_STATUS.notFound);
  if (method === 'GET') return readParameter(mark < 0 ? '' : target.slice(mark + 1));
  if (method !== 'POST') return refused(HTTP_STATUS.notAllowed, { allow: 'GET, POST' });
  // Parameters of the type are not defined, and do not change it (RFC 9110 §8.3.1).
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== DNS_MESSAGE) return refused(HTTP_STATUS.unsupportedType, { accept: DNS_MESSAGE });
  if (contentLength !== null && contentLength > MAX_MESSAGE_OCTETS) return refused(HTTP_STATUS.tooLarge);
  return { kind: 'body' };
}

/** RFC 8484 §6: the message as base64url without padding in the variable `dns`. */
function readParameter(query: string): DohRequest {
  const [value, ...more] = query
    .split('&')
    .filter((each) => each.startsWith('dns='))
    .map((each) => each.slice('dns='.length));
  if (value === undefined || more.length > 0 || !BASE64URL.test(value)) return refused(HTTP_STATUS.badRequest);
  if (value.length > MAX_PARAMETER_LETTERS) return refused(HTTP_STATUS.uriTooLong);
  const base64 = value.replaceAll('-', '+').replaceAll('_', '/');
  const message = value.length % 4 === 1 ? null : fromBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='));
  return message === null ? refused(HTTP_STATUS.badRequest) : { kind: 'message', message };
}

/** The response that turns a request away. */
export function refusal(status: number, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers, body: null };
}

function refused(status: number, headers: Readonly<Record<string, string>> = {}): DohRequest {
  return { kind: 'refused', response: refusal(status, headers) };
}

/** The response with a reply; its octets may be used again when it was handed over. */
export function dohResponse(reply: Uint8Array): HttpResponse {
  const headers = {
    'content-type': DNS_MESSAGE,
    // RFC 8484 §5.1: caches of HTTP keep it no longer than the shortest TTL.
    'cache-control': `max-age=${freshnessSeconds(reply)}`,
  };
  return { status: HTTP_STATUS.ok, headers, body: reply };
}
