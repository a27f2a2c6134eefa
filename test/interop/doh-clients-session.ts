/**
 * Session: real clients ask Hawser over HTTPS: kdig, curl (as a client of HTTP, and for its own names); HTTP without TLS behind a
 * proxy; Unbound's own service beside it. Prints one line of JSON. Runs inside a network namespace.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session, startHawser, waitForAnswer } from './daemons.ts';
import { kdig, makeKeyFiles, outputOf, PLAIN_PORT, SERVICE_NAME, serviceConfig, statistics } from './encrypted.ts';
import { findProgram, PROJECT } from './programs.ts';

const [HTTPS_PORT, HTTP_PORT, YARDSTICK_PORT] = [8443, 8080, 9443];
/** `www.example. A`, id 0 (RFC 8484 §4.1). */
const QUERY = Buffer.from('00000100000100000000000003777777076578616d706c650000010001', 'hex');

/** What curl gets: status, version of HTTP, type, how long it may be kept, and length. */
function curl(session: Session, url: string, words: readonly string[]): string {
  const form = '%{http_code} %{http_version} %{content_type} %{size_download}';
  const headers = join(session.folder, 'headers');
  const args = ['-s', '-o', '/dev/null', '-D', headers, '-w', form, '--max-time', '5', ...words, url];
  const text = outputOf('curl', args);
  const kept = /cache-control: (\S+)/i.exec(outputOf('cat', [headers]))?.[1];
  return kept === undefined ? text : `${text} ${kept}`;
}

interface Place {
  readonly url: string;
  readonly words: readonly string[];
}

function requestsAt(session: Session, { url, words }: Place): Record<string, string> {
  const body = session.file('query', '');
  writeFileSync(body, QUERY);
  const message = ['-H', 'content-type: application/dns-message', '--data-binary', `@${body}`];
  const get = `${url}/dns-query?dns=${QUERY.toString('base64url')}`;
  const ask = (path: string, more: readonly string[] = []): string => curl(session, path, [...words, ...more]);
  return {
    GET: ask(get),
    POST: ask(`${url}/dns-query`, message),
    'other path': ask(`${url}/other?dns=AAAB`),
    'no message': ask(`${url}/dns-query`),
    'bad message': ask(`${url}/dns-query?dns=AAAB`),
    'other type': ask(`${url}/dns-query`, ['-H', 'content-type: text/plain', '--data-binary', `@${body}`]),
  };
}

/** What curl finds of a name that only this resolver knows, by `--doh-url`: the address that it tries. */
function dohUrl(port: number, authority: string): string {
  const url = `https://${SERVICE_NAME}:${port}/dns-query`;
  const at = ['--resolve', `${SERVICE_NAME}:${port}:127.0.0.1`, '--cacert', authority];
  const args = ['-v', '--max-time', '5', ...at, '--doh-url', url, 'http://www.example:1/'];
  return /Trying (127\.0\.0\.80):1/.exec(outputOf('curl', args))?.[1] ?? 'nothing';
}

/** How many of 400 queries, 50 under way at once on a connection, curl has whole replies to. */
function pipelined(session: Session, { url, words }: Place, method: 'GET' | 'POST'): number {
  const message = ['-H', 'content-type: application/dns-message', '--data-binary', `@${join(session.folder, 'query')}`];
  const ways = {
    GET: [`${url}/dns-query?dns=${QUERY.toString('base64url')}&n=[1-400]`],
    POST: [...message, `${url}/dns-query?n=[1-400]`],
  };
  const load = [
    '-s',
    '--parallel',
    '--parallel-max',
    '50',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code} %{size_download}\\n',
  ];
  const text = outputOf('curl', [...load, '--max-time', '20', ...words, ...ways[method]]);
  return text.split('\n').filter((line) => line === '200 45').length;
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const own = makeKeyFiles(session, 'own');
    const local = 'local-data: "www.example. A 127.0.0.80"';
    const more = [`interface: 127.0.0.1@${HTTPS_PORT}`, `https-port: ${HTTPS_PORT}`, local];
    const plainData = '  local-data: "www.example. A 192.0.2.80"\n';
    const configuration = serviceConfig(own, more).replace(plainData, '');
    const remote = `remote-control:\n  control-enable: yes\n  control-interface: ${session.folder}/control\n`;
    await startHawser(session, configuration + remote, PLAIN_PORT);
    const yardstick = configuration
      .replaceAll(String(HTTPS_PORT), String(YARDSTICK_PORT))
      .replace(`@${PLAIN_PORT}`, '@5310')
      .replace(/.*@8853\n/, '');
    session.start('unbound', findProgram('unbound') as string, ['-d', '-c', session.file('u.conf', yardstick)]);
    await waitForAnswer('127.0.0.1', 5310, 'www.example. A');
    const cacert = ['--cacert', own.certificate];
    const placeAt = (port: number): Place => ({
      url: `https://${SERVICE_NAME}:${port}`,
      words: [...cacert, '--resolve', `${SERVICE_NAME}:${port}:127.0.0.1`],
    });
    const checked = [`+tls-ca=${own.certificate}`, `+tls-hostname=${SERVICE_NAME}`];
    const results = {
      hawser: requestsAt(session, placeAt(HTTPS_PORT)),
      unbound: requestsAt(session, placeAt(YARDSTICK_PORT)),
      kdig: kdig(['+https', ...checked], HTTPS_PORT),
      'kdig by GET': kdig(['+https', '+https-get', ...checked], HTTPS_PORT),
      'kdig, other name': kdig(['+https', `+tls-ca=${own.certificate}`, '+tls-hostname=x.example'], HTTPS_PORT),
      'kdig over TLS': kdig(['+tls', ...checked], HTTPS_PORT),
      'plain TCP': kdig(['+tcp'], HTTPS_PORT),
      'plain UDP': kdig(['+notcp'], HTTPS_PORT),
      'HTTP/1.1': curl(session, `${placeAt(HTTPS_PORT).url}/dns-query`, [...placeAt(HTTPS_PORT).words, '--http1.1']),
      'names of curl': dohUrl(HTTPS_PORT, own.certificate),
    };
    const counted = statistics(session);
    const https = counted('num.query.https');
    // With kdig and curl: two, two, and A and AAAA.
    const isCounted = https === 6 && counted('num.query.tls') === https && counted('num.http.refused') === 4;
    const notls = session.file(
      'notls.conf',
      configuration
        .replaceAll(String(HTTPS_PORT), String(HTTP_PORT))
        .replace(`@${PLAIN_PORT}`, '@5311')
        .replace(/.*@8853\n/, '  http-notls-downstream: yes\n')
        .replace(/.*tls-service.*\n/g, ''),
    );
    session.start('notls', process.env.HAWSER ?? join(PROJECT, 'bin/hawserd'), ['-d', '-c', notls]);
    await waitForAnswer('127.0.0.1', 5311, 'www.example. A');
    const notlsPlace = { url: `http://127.0.0.1:${HTTP_PORT}`, words: ['--http2-prior-knowledge'] };
    const behindProxy = requestsAt(session, notlsPlace);
    const place = placeAt(HTTPS_PORT);
    const perf = { GET: pipelined(session, place, 'GET'), POST: pipelined(session, place, 'POST') };
    console.log(JSON.stringify({ ...results, isCounted, behindProxy, perf }));
  } finally {
    await session.stop();
  }
}

await main();
