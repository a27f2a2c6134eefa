/** Proves who may ask the page for what: by which name of the server, from which page, with which method, token and body. */

import { describe, expect, test } from 'vitest';
import { checkRequest, type PageRefusal, type RequestCheckOptions } from '../../src/web/check-request.ts';

const RULES: RequestCheckOptions = {
  port: 8153,
  token: '0123456789abcdef',
  routeOf: (path) =>
    ({
      '/': { method: 'GET', needsToken: false } as const,
      '/api/health': { method: 'GET', needsToken: true } as const,
      '/api/check': { method: 'POST', needsToken: true } as const,
    })[path] ?? null,
};
const HOST = { host: 'localhost:8153' };
const ACTING = { ...HOST, authorization: `Bearer ${RULES.token}`, 'content-type': 'application/json' };

function judged(line: string, headers: Readonly<Record<string, string | readonly string[]>>): PageRefusal | null {
  const [method = '', target = ''] = line.split(' ');
  const entries = Object.entries(headers).map(([name, value]): [string, readonly string[]] => [
    name,
    typeof value === 'string' ? [value] : value,
  ]);
  return checkRequest({ method, target, headers: new Map(entries) }, RULES);
}

describe('answers', () => {
  test.each(['localhost:8153', 'LOCALHOST:8153', '127.0.0.1:8153', '127.0.0.2:8153', '[::1]:8153'])(
    'who asks for %s',
    (host) => {
      expect(judged('GET /', { host })).toBeNull();
      expect(judged('GET /', { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toBeNull();
    },
  );

  test('an address that was typed, HEAD, words after the path', () => {
    expect(judged('GET /', { ...HOST, 'sec-fetch-site': 'none' })).toBeNull();
    expect(judged('HEAD /?x', HOST)).toBeNull();
  });

  test('who has the token', () => {
    expect(judged('GET /api/health', ACTING)).toBeNull();
    expect(judged('POST /api/check', ACTING)).toBeNull();
    expect(judged('POST /api/check', { ...ACTING, 'content-type': 'application/json; charset=UTF-8' })).toBeNull();
  });

  test('on port 80 a name without a port', () => {
    const headers = new Map([['host', ['localhost']]]);
    expect(checkRequest({ method: 'GET', target: '/', headers }, { ...RULES, port: 80 })).toBeNull();
    expect(checkRequest({ method: 'GET', target: '/', headers }, RULES)).toBe('host');
  });
});

describe('refuses', () => {
  test.each([
    ['a foreign name that was made to lead here (DNS rebinding)', { host: 'evil.test:8153' }],
    ['another port', { host: 'localhost:8154' }],
    ['a name that only begins like ours', { host: 'localhost.evil.test:8153' }],
    ['a name that only ends like ours', { host: 'evil-localhost:8153' }],
    ['an address that is not ours', { host: '192.0.2.1:8153' }],
    ['two names', { host: ['localhost:8153', 'localhost:8153'] }],
    ['no name', {}],
    ['an empty name', { host: '' }],
  ])('%s', (_, headers) => {
    expect(judged('GET /', headers)).toBe('host');
  });

  test.each(['cross-site', 'same-site', 'nonsense', ''])('a request that says it is %s', (site) => {
    expect(judged('GET /', { ...HOST, 'sec-fetch-site': site })).toBe('cross-site');
    expect(judged('POST /api/check', { ...ACTING, 'sec-fetch-site': site })).toBe('cross-site');
  });

  test.each(['http://evil.test', 'null', 'https://localhost:8153', 'http://localhost:8154', 'http://localhost', ''])(
    'a request from %s',
    (origin) => {
      expect(judged('POST /api/check', { ...ACTING, origin })).toBe('origin');
    },
  );

  test.each([
    ['none', undefined],
    ['a wrong one', 'Bearer 0123456789abcdeX'],
    ['a shorter one', 'Bearer 0123'],
    ['a longer one', 'Bearer 0123456789abcdef0'],
    ['an empty one', 'Bearer '],
    ['of another kind', 'Basic 0123456789abcdef'],
  ])('without the token: %s', (_, authorization) => {
    const { authorization: _good, ...rest } = ACTING;
    const headers = authorization === undefined ? rest : { ...rest, authorization };
    expect(judged('GET /api/health', headers)).toBe('token');
    expect(judged('POST /api/check', headers)).toBe('token');
  });

  test('two tokens, of which one is right', () => {
    expect(judged('GET /api/health', { ...ACTING, authorization: ['Bearer x', ACTING.authorization] })).toBe('token');
  });

  test.each([
    ['GET /api/check', 'method'],
    ['HEAD /api/check', 'method'],
    ['POST /', 'method'],
    ['POST /api/health', 'method'],
    ['PUT /', 'method'],
    ['DELETE /api/check', 'method'],
    ['OPTIONS /api/check', 'method'],
    ['TRACE /', 'method'],
    ['GET /etc/passwd', 'not-found'],
    ['GET /../page.js', 'not-found'],
    ['GET http://localhost:8153/', 'not-found'],
    ['OPTIONS *', 'not-found'],
  ])('%s', (line, why) => {
    expect(judged(line, ACTING)).toBe(why);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'a body that a form of another page could send: %s',
    (type) => {
      expect(judged('POST /api/check', { ...ACTING, 'content-type': type })).toBe('type');
    },
  );

  test('a body where none belongs', () => {
    expect(judged('GET /', { ...HOST, 'content-length': '1' })).toBe('body');
    expect(judged('GET /', { ...HOST, 'transfer-encoding': 'chunked' })).toBe('body');
    expect(judged('GET /', { ...HOST, 'content-length': '0' })).toBeNull();
  });
});
