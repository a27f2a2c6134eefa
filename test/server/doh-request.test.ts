/** Proves which HTTP requests are questions (RFC 8484 §4.1, §6), and with which status others are refused. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../src/ports/http.ts';
import { dohResponse, readDohRequest } from '../../src/server/doh-request.ts';

const ENDPOINT = '/dns-query';

function get(target: string): HttpRequest {
  return { method: 'GET', target, contentType: null, contentLength: null };
}

function post(changes: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'POST', target: ENDPOINT, contentType: 'application/dns-message', contentLength: 33, ...changes };
}

const statusOf = (request: HttpRequest): number | string => {
  const read = readDohRequest(request, ENDPOINT);
  return read.kind === 'refused' ? read.response.status : read.kind;
};

describe('a GET', () => {
  test('holds the message of the example of RFC 8484 §4.1.1', () => {
    const read = readDohRequest(get(`${ENDPOINT}?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB`), ENDPOINT);
    const message = Buffer.from('00000100000100000000000003777777076578616d706c6503636f6d0000010001', 'hex');
    expect(read).toEqual({ kind: 'message', message: new Uint8Array(message) });
  });

  test('holds any message, whatever its length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (message) => {
        const target = `${ENDPOINT}?dns=${Buffer.from(message).toString('base64url')}`;
        expect(readDohRequest(get(target), ENDPOINT)).toEqual({ kind: 'message', message });
      }),
    );
  });

  test('may have other variables, which say nothing', () => {
    expect(statusOf(get(`${ENDPOINT}?ct=application/dns-message&dns=AAAB&x`))).toBe('message');
  });

  test.each([
    ['without a message', ENDPOINT],
    ['without a variable of that name', `${ENDPOINT}?name=example.com&type=A`],
    ['with an empty one', `${ENDPOINT}?dns=`],
    ['with two', `${ENDPOINT}?dns=AAAB&dns=AAAC`],
    ['in the other alphabet of base64', `${ENDPOINT}?dns=AA+B`],
    ['with padding', `${ENDPOINT}?dns=AAA%3D`],
    ['of a length that base64 has not', `${ENDPOINT}?dns=AAABA`],
  ])('%s is a bad request', (_, target) => {
    expect(statusOf(get(target))).toBe(400);
  });

  test('with more than a message can hold is too long', () => {
    expect(statusOf(get(`${ENDPOINT}?dns=${'A'.repeat(87_384)}`))).toBe(414);
    expect(statusOf(get(`${ENDPOINT}?dns=${'A'.repeat(87_380)}`))).toBe('message');
  });
});

describe('a POST', () => {
  test('brings its message as the body', () => {
    expect(statusOf(post())).toBe('body');
    expect(statusOf(post({ contentLength: null }))).toBe('body');
    expect(statusOf(post({ contentType: 'Application/DNS-Message; charset=utf-8' }))).toBe('body');
  });

  test('of another type is turned away, and told which one is taken', () => {
    for (const contentType of [null, '', 'application/dns-json', 'text/plain', 'application/dns-message+x']) {
      expect(readDohRequest(post({ contentType }), ENDPOINT)).toMatchObject({
        response: { status: 415, headers: { accept: 'application/dns-message' } },
      });
    }
  });

  test('that promises more than a message can hold is turned away before it comes', () => {
    expect(statusOf(post({ contentLength: 65_535 }))).toBe('body');
    expect(statusOf(post({ contentLength: 65_536 }))).toBe(413);
  });
});

test('other paths are not found, also those that begin or end alike', () => {
  for (const target of ['/', '/dns-query/', '/dns-queryx?dns=AAAB', '/x/dns-query', '*', '']) {
    expect(statusOf(get(target))).toBe(404);
    expect(statusOf(post({ target }))).toBe(404);
  }
});

test('other methods are not allowed, and told which are', () => {
  for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'get']) {
    expect(readDohRequest({ ...post(), method }, ENDPOINT)).toMatchObject({
      response: { status: 405, headers: { allow: 'GET, POST' } },
    });
  }
});

test('a response says its type and how long it may be kept', () => {
  // www.example. A 192.0.2.1 with a TTL of 300.
  const reply = Buffer.from(
    '000181800001000100000000037777770765 78616d706c650000010001c00c000100010000012c0004c0000201'.replace(' ', ''),
    'hex',
  );
  expect(dohResponse(reply)).toEqual({
    status: 200,
    headers: { 'content-type': 'application/dns-message', 'cache-control': 'max-age=300' },
    body: reply,
  });
});
