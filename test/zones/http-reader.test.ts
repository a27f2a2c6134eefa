/** Proves which HTTP responses give a body, whatever pieces they come in, and which do not. */

import { describe, expect, test } from 'vitest';
import { HttpReader, type HttpStep } from '../../src/zones/http-reader.ts';
import { readHttpUrl } from '../../src/zones/http-url.ts';

const MAX = 1000;

/** The end of a response that comes in pieces of so many octets, and is closed after that. */
function read(text: string, pieceOctets: number): HttpStep {
  const reader = new HttpReader(MAX);
  for (let at = 0; at < text.length; at += pieceOctets) {
    const step = reader.take(Buffer.from(text.slice(at, at + pieceOctets)));
    if (step.kind !== 'more') return step;
  }
  return reader.close();
}

function bodyOf(step: HttpStep): string {
  return step.kind === 'body' ? Buffer.from(step.body).toString() : JSON.stringify(step);
}

describe.each([1, 7, 100_000])('in pieces of %d octets', (pieces) => {
  test.each([
    ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['by length, more following', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more'],
    ['by close', 'HTTP/1.0 200 OK\r\n\r\nhello'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n'],
    ['after an interim response', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello'],
  ])('a body %s is read', (_how, text) => {
    expect(bodyOf(read(text, pieces))).toBe('hello');
  });

  test.each([
    ['another status', 'HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n', 'HTTP status 302'],
    ['no HTTP', 'SSH-2.0-x\r\n\r\n\r\n', 'not an HTTP response'],
    ['too little', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'connection closed before the end'],
    ['too much announced', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n', 'larger than max-transfer-size'],
    ['too much', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(MAX + 1)}`, 'larger than max-transfer-size'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(4000)}`, 'header too long'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'bad chunk'],
    ['an encoded body', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n', 'encoded content'],
  ])('%s is refused', (_what, text, why) => {
    expect(read(text, pieces)).toEqual({ kind: 'failed', why });
  });
});

describe('a URL', () => {
  test.each([
    ['http://www.example.org/a/zone?x=1', { secure: false, host: 'www.example.org', port: 80, path: '/a/zone?x=1' }],
    ['https://www.example.org', { secure: true, host: 'www.example.org', port: 443, path: '/' }],
    ['HTTP://192.0.2.1:8080/z', { host: '192.0.2.1', port: 8080, authority: '192.0.2.1:8080' }],
    ['https://[2001:db8::1]:444/z', { host: '2001:db8::1', port: 444, authority: '[2001:db8::1]:444' }],
  ])('%s is read', (text, parts) => {
    expect(readHttpUrl(text)).toMatchObject(parts);
  });

  test.each([
    'ftp://example.org/z',
    'http:///z',
    'http://example.org:99999/',
    'http://a b/',
    'http://u@example.org/',
    'http://x/a\r\nb',
  ])('%j is none', (text) => expect(readHttpUrl(text)).toBeNull());
});
