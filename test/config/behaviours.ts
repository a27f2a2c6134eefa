/**
 * What can be seen of a directive that acts inside of what rooms are told: for each, something runs with and without its line
 * and says what happened. Not a test itself; effects.test.ts demands that the two differ.
 */

import type { Finding } from '../../src/config/finding.ts';
import { CookieKeeper } from '../../src/daemon/cookie-secrets.ts';
import { InstanceStatistics } from '../../src/daemon/statistics.ts';
import { EDNS_OPTION } from '../../src/wire/edns.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { PolicyBench } from '../policy/policy-bench.ts';
import { Scene } from '../world/scene.ts';
import { configOf } from './config-data.ts';

/** What happens with the line, or without it (''). */
type Behaviour = (line: string) => string | Promise<string>;

/** A directive's line, and what comes of it. */
export interface Shown {
  readonly line: string;
  readonly seen: Behaviour;
}

const CLIENT = { ip: '192.0.2.1' };
const AT_ADDRESS = { ip: '198.51.100.1', local: { ip: '192.0.2.53', port: 53 } };
const SECRET = '000102030405060708090a0b0c0d0e0f';

/** A zone file whose digest (RFC 8976) is wrong. */
const WRONG_DIGEST = `copy. 300 IN SOA ns.copy. host.copy. 1 3600 900 86400 60
copy. 300 IN NS ns.copy.
copy. 300 IN ZONEMD 1 1 1 ${'00'.repeat(48)}
www.copy. 300 IN A 192.0.2.7
`;

/** By policy: `text` is the file with the line in its place; a file that is refused is seen as its refusal. */
function byPolicy(
  line: string,
  text: (line: string) => string,
  see: (bench: PolicyBench) => string | Promise<string>,
  zones: Readonly<Record<string, string>> = {},
): Shown {
  return {
    line,
    seen: async (given) => {
      try {
        return await see(new PolicyBench(text(given), zones));
      } catch (error) {
        return `refused: ${(error as Error).message}`;
      }
    },
  };
}

/** In a whole resolver over a small internet: what `see` makes of a scene that was started with the line. */
function inScene(line: string, see: (scene: Scene) => Promise<string>, context: readonly string[] = []): Shown {
  return {
    line,
    seen: async (given) => {
      const scene = Scene.withTest('www IN A 192.0.2.80\n');
      scene.ports.files.put('/f/copy', WRONG_DIGEST);
      await scene.start(['server:', ...context, given]);
      try {
        return await see(scene);
      } finally {
        await scene.stop();
      }
    },
  };
}

const TAGGED = `server:
  define-tag: "red"
  interface: 192.0.2.53
  port: 53
  local-zone: example. redirect
  local-data: "example. TXT plain"
  local-zone: x.example. redirect
  local-data: "x.example. TXT red"
`;
const askX = (from: object) => (bench: PolicyBench) => bench.local('x.example.', 'TXT', from);

const TAGS: Readonly<Record<string, Shown>> = {
  'access-control-tag': byPolicy(
    'access-control-tag: 192.0.2.0/24 "red"',
    (line) => `${TAGGED}local-zone-tag: x.example. "red"\n${line}\n`,
    askX(CLIENT),
  ),
  'access-control-tag-action': byPolicy(
    'access-control-tag-action: 192.0.2.0/24 red refuse',
    (line) => `${TAGGED}local-zone-tag: x.example. "red"\naccess-control-tag: 192.0.2.0/24 "red"\n${line}\n`,
    (bench) => bench.local('x.example.', 'MX', CLIENT),
  ),
  'access-control-tag-data': byPolicy(
    'access-control-tag-data: 192.0.2.0/24 red "TXT of-tag"',
    (line) => `${TAGGED}local-zone-tag: x.example. "red"\naccess-control-tag: 192.0.2.0/24 "red"\n${line}\n`,
    askX(CLIENT),
  ),
  'define-tag': byPolicy(
    'define-tag: "red"',
    (line) => `server:\n${line}\naccess-control-tag: 192.0.2.0/24 "red"\n`,
    askX(CLIENT),
  ),
  'interface-tag': byPolicy(
    'interface-tag: 192.0.2.53 "red"',
    (line) => `${TAGGED}local-zone-tag: x.example. "red"\n${line}\n`,
    askX(AT_ADDRESS),
  ),
  'interface-tag-action': byPolicy(
    'interface-tag-action: 192.0.2.53 red refuse',
    (line) => `${TAGGED}local-zone-tag: x.example. "red"\ninterface-tag: 192.0.2.53 "red"\n${line}\n`,
    (bench) => bench.local('x.example.', 'MX', AT_ADDRESS),
  ),
  'interface-tag-data': byPolicy(
    'interface-tag-data: 192.0.2.53 red "TXT of-tag"',
    (line) => `${TAGGED}local-zone-tag: x.example. "red"\ninterface-tag: 192.0.2.53 "red"\n${line}\n`,
    askX(AT_ADDRESS),
  ),
  'local-zone-tag': byPolicy('local-zone-tag: x.example. "red"', (line) => `${TAGGED}${line}\n`, askX(CLIENT)),
  'local-zone-override': byPolicy(
    'local-zone-override: x.example. 192.0.2.0/24 refuse',
    (line) => `${TAGGED}${line}\n`,
    (bench) => bench.local('x.example.', 'MX', CLIENT),
  ),
};

const askW = (bench: PolicyBench) =>
  bench.know('w.example.', 'A', ['w.example. A 198.51.100.1']).ruled('w.example.', 'A', CLIENT);
const REDIRECT = 'response-ip: 198.51.100.0/24 redirect\n';
const OF_VIEW = 'server:\naccess-control-view: 192.0.2.0/24 "v"\nview:\nname: "v"\n';

const ANSWERS: Readonly<Record<string, Shown>> = {
  'server response-ip': byPolicy('response-ip: 198.51.100.0/24 always_nxdomain', (line) => `server:\n${line}\n`, askW),
  'server response-ip-data': byPolicy(
    'response-ip-data: 198.51.100.0/24 "A 203.0.113.1"',
    (line) => `server:\n${REDIRECT}${line}\n`,
    askW,
  ),
  'response-ip-tag': byPolicy(
    'response-ip-tag: 198.51.100.0/24 "red"',
    (line) =>
      `server:\ndefine-tag: "red"\naccess-control-tag: 192.0.2.0/24 "red"\naccess-control-tag-action: 192.0.2.0/24 red always_nxdomain\n${REDIRECT}${line}\n`,
    askW,
  ),
  'access-control-view': byPolicy(
    'access-control-view: 192.0.2.0/24 "v"',
    (line) => `server:\n${line}\nview:\nname: "v"\nlocal-zone: x.example. refuse\n`,
    askX(CLIENT),
  ),
  'interface-view': byPolicy(
    'interface-view: 192.0.2.53 "v"',
    (line) => `${TAGGED}${line}\nview:\nname: "v"\nlocal-zone: x.example. refuse\n`,
    askX(AT_ADDRESS),
  ),
  'view local-zone': byPolicy('local-zone: x.example. refuse', (line) => `${OF_VIEW}${line}\n`, askX(CLIENT)),
  'view local-data': byPolicy('local-data: "x.example. TXT here"', (line) => `${OF_VIEW}${line}\n`, askX(CLIENT)),
  'view local-data-ptr': byPolicy(
    'local-data-ptr: "192.0.2.9 x.example."',
    (line) => `${OF_VIEW}${line}\n`,
    (bench) => bench.local('9.2.0.192.in-addr.arpa.', 'PTR', CLIENT),
  ),
  'view response-ip': byPolicy('response-ip: 198.51.100.0/24 always_nxdomain', (line) => `${OF_VIEW}${line}\n`, askW),
  'view response-ip-data': byPolicy(
    'response-ip-data: 198.51.100.0/24 "A 203.0.113.1"',
    (line) => `${OF_VIEW}${REDIRECT}${line}\n`,
    askW,
  ),
  'view-first': byPolicy(
    'view-first: yes',
    (line) => `server:\nlocal-zone: x.example. refuse\n${OF_VIEW}local-zone: y.example. static\n${line}\n`,
    askX(CLIENT),
  ),
  'view name': byPolicy(
    'name: "v"',
    (line) => `${OF_VIEW.replace('name: "v"', line || 'name: "other"')}local-zone: x.example. refuse\n`,
    askX(CLIENT),
  ),
};

const askLocal = (bench: PolicyBench) => bench.local('local.tld.', 'A', { ip: '192.0.2.9', port: 77 });
const RPZ_ZONE = { 'rpz.': 'local.tld A 192.0.2.9\ngone.tld CNAME .\n' };
const rpz = (line: string) => `rpz:\nname: rpz.\n${line}\n`;

const POLICY_ZONES: Readonly<Record<string, Shown>> = {
  'rpz-action-override': byPolicy('rpz-action-override: nxdomain', rpz, askLocal, RPZ_ZONE),
  'rpz-cname-override': byPolicy(
    'rpz-cname-override: "walled.tld."',
    (line) => rpz(`rpz-action-override: cname\n${line}`),
    askLocal,
    RPZ_ZONE,
  ),
  'rpz-log': byPolicy('rpz-log: yes', rpz, (bench) => `${askLocal(bench)} ${bench.log.text()}`, RPZ_ZONE),
  'rpz-log-name': byPolicy(
    'rpz-log-name: "mine"',
    (line) => rpz(`rpz-log: yes\n${line}`),
    (bench) => `${askLocal(bench)} ${bench.log.text()}`,
    RPZ_ZONE,
  ),
  'rpz-signal-nxdomain-ra': byPolicy('rpz-signal-nxdomain-ra: yes', rpz, (bench) => bench.local('gone.tld.'), RPZ_ZONE),
  'rpz tags': byPolicy('tags: "kids"', (line) => `server:\ndefine-tag: "kids"\n${rpz(line)}`, askLocal, RPZ_ZONE),
};

const DNS64 = 'server:\nmodule-config: "dns64 validator iterator"\n';
const know64 = (bench: PolicyBench, six: readonly string[]) =>
  bench
    .know('w.example.', 'AAAA', six)
    .know('w.example.', 'A', ['w.example. A 192.0.2.33'])
    .ruled('w.example.', 'AAAA');
const SIX = ['w.example. AAAA 2001:db8::1'];

const TRANSLATION: Readonly<Record<string, Shown>> = {
  'dns64-prefix': byPolicy(
    'dns64-prefix: 64:ff9b:1::/96',
    (line) => `${DNS64}${line}\n`,
    (bench) => know64(bench, []),
  ),
  'dns64-synthall': byPolicy(
    'dns64-synthall: yes',
    (line) => `${DNS64}${line}\n`,
    (bench) => know64(bench, SIX),
  ),
  'dns64-ignore-aaaa': byPolicy(
    'dns64-ignore-aaaa: example.',
    (line) => `${DNS64}${line}\n`,
    (bench) => know64(bench, SIX),
  ),
};

const logOf = async (scene: Scene, name = 'www.test.') => {
  await scene.ask(name, 'A');
  return scene.ports.log.text();
};
const askedOf = async (scene: Scene) => {
  await scene.ask('www.test.', 'A');
  return scene.asked.join('\n');
};

/** Gives the answer's cookie, if there is one. */
async function cookieIn(scene: Scene): Promise<string> {
  const options = [{ code: EDNS_OPTION.COOKIE, data: new Uint8Array(8) }];
  const reply = await scene.ask('www.test.', 'A', { options });
  return String(reply.seen.opt?.options.some(({ code }) => code === EDNS_OPTION.COOKIE));
}

const WHOLE_RESOLVER: Readonly<Record<string, Shown>> = {
  verbosity: inScene('verbosity: 3', logOf),
  'log-local-actions': inScene('log-local-actions: yes', (scene) => logOf(scene, 'a.local.'), [
    'local-zone: "local." static',
  ]),
  'prefetch-key': inScene('prefetch-key: yes', askedOf, ['qname-minimisation: no']),
  'trust-anchor-signaling': inScene('trust-anchor-signaling: yes', askedOf),
  'zonemd-permissive-mode': inScene(
    'zonemd-permissive-mode: yes',
    async (scene) => (await scene.ask('www.copy.', 'A')).status,
    ['auth-zone:', 'name: "copy."', 'zonefile: "/f/copy"', 'zonemd-check: yes', 'server:'],
  ),
  'answer-cookie': inScene('answer-cookie: yes', cookieIn),
  'unwanted-reply-threshold': inScene('unwanted-reply-threshold: 3', async (scene) => {
    await scene.ask('www.test.', 'A');
    scene.instance.counters.add('unwanted.replies', 3);
    return String(scene.instance.caches.rrsets.find(mustParseName('www.test.'), TYPE.A, CLASS.IN) !== null);
  }),
  'statistics-interval': inScene('statistics-interval: 60', async (scene) => {
    const { clock, network, log } = scene.ports;
    const held = { connections: () => 0, httpOctets: () => ({ queries: 0, replies: 0 }), fronts: null };
    const parts = { clock, network, log, startedMs: 0, unixTime: () => 0, ...held };
    const statistics = new InstanceStatistics(parts, scene.instance);
    statistics.activate(scene.instance);
    clock.skip(61_000);
    await clock.settle();
    statistics.stop();
    return log.text();
  }),
};

/** Whether a client's cookie of a keeper with this configuration is good for another one with the same secret. */
function secretSeen(text: string): string {
  const keeperOf = (config: string, seed: number) => {
    const findings: Finding[] = [];
    const ports = { files: new FakeFiles({ '/f/cookies': `${SECRET}\n` }), random: new SeededRandom(seed) };
    return new CookieKeeper(configOf(config), ports, findings).check;
  };
  const at = { ip: '192.0.2.1', now: 1_767_225_600 };
  const here = keeperOf(`server:\nanswer-cookie: yes\n${text}\n`, 1);
  here.check(new Uint8Array(8), 0, 8, at);
  const cookie = here.reply.slice();
  return keeperOf(`server:\nanswer-cookie: yes\ncookie-secret: ${SECRET}\n`, 2).check(cookie, 0, cookie.length, at);
}

/** By directive, or by clause and directive where one name stands in several. */
export const BEHAVIOURS: Readonly<Record<string, Shown>> = {
  ...TAGS,
  ...ANSWERS,
  ...POLICY_ZONES,
  ...TRANSLATION,
  ...WHOLE_RESOLVER,
  'cookie-secret': { line: `cookie-secret: ${SECRET}`, seen: secretSeen },
  'cookie-secret-file': { line: 'cookie-secret-file: /f/cookies', seen: secretSeen },
};
