/**
 * Proves that of lines given twice the same one counts as in Unbound, for every directive: those with one value by what both
 * check programs show, lists by the order that they show, keyed ones by what running daemons answer.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCheckconf } from '../../src/config/checkconf.ts';
import { directivesOf, type OptionFacts } from '../../src/config/option-facts.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { findProgram, runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['dig', 'ip', 'unbound', 'unbound-checkconf', 'unbound-control']);

/** Two values for each form; several where the form has words of its own. */
const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  'yes or no': ['yes', 'no'],
  number: ['8192', '16384'],
  'port number': ['5301', '5302'],
  'size in octets, with k, m or g': ['5m', '6m'],
  path: ['/tmp/a', '/tmp/b'],
  text: ['aa', 'bb'],
  words: ['a', 'b'],
  'domain name': ['a.example', 'b.example'],
  netblock: ['192.0.2.0/24', '198.51.100.0/24'],
  'IP address or IPv6 netblock': ['192.0.2.1', '192.0.2.2'],
  'power of two': ['8', '16'],
  'IPv6 prefix': ['64:ff9b::/96', '2001:db8::/96'],
  'port or low-high': ['2000', '3000'],
  'resource record': ['"a.example A 192.0.2.1"', '"b.example A 192.0.2.1"'],
  'IP address[@port]': ['192.0.2.1', '192.0.2.2'],
  'IP address or interface name[@port]': ['192.0.2.1', '192.0.2.2'],
  'IP address or interface name[@port] or path': ['192.0.2.1', '192.0.2.2'],
  '32 hexadecimal digits': ['00112233445566778899aabbccddeeff', 'ff112233445566778899aabbccddeeff'],
  'hexadecimal, or ascii_ and text': ['ascii_a', 'ascii_b'],
  'pairs of key size and iterations': ['"1024 150 2048 200"', '"1024 100 2048 100"'],
  'list of numbers': ['"3 2 1 0 0"', '"0 0 0 0 0"'],
  'YYYYMMDDhhmmss, Unix seconds, 0 or -1': ['20200101000000', '20210101000000'],
  action: ['refuse', 'deny'],
};
/** Directives whose values are closer than their form. */
const OWN: Readonly<Record<string, readonly [string, string]>> = {
  'ip-dscp': ['16', '32'],
  verbosity: ['2', '3'],
  'val-max-restart': ['2', '3'],
  'val-log-level': ['1', '2'],
  'num-threads': ['2', '3'],
  'max-client-subnet-ipv4': ['16', '8'],
  'max-client-subnet-ipv6': ['16', '8'],
  'min-client-subnet-ipv4': ['16', '8'],
  'min-client-subnet-ipv6': ['16', '8'],
  'max-query-restarts': ['8', '9'],
  'fast-server-permil': ['100', '200'],
  'module-config': ['"validator iterator"', '"iterator"'],
  'dns64-prefix': ['64:ff9b::/96', '2001:db8::/96'],
  'tls-protocols': ['TLSv1.2', 'TLSv1.3'],
  'define-tag': ['"a b"', '"b c"'],
  'local-data-ptr': ['"192.0.2.1 a.example"', '"192.0.2.2 a.example"'],
  'outbound-msg-retry': ['8', '9'],
  'max-sent-count': ['8', '9'],
  'fast-server-num': ['8', '9'],
  'http-endpoint': ['/a', '/b'],
  'dnstap-ip': ['192.0.2.1', '192.0.2.2@54'],
};

/** The two argument lists of a directive; null: no form of a known kind. */
function valuesFor({ directive, phrase }: OptionFacts): readonly [string, string] | null {
  const own = OWN[directive] ?? VALUES[phrase] ?? (directive.endsWith('-slabs') ? (['8', '16'] as const) : null);
  if (own !== null) return own;
  const parts = [...phrase.matchAll(/<([^>]+)>/g)].map(([, part = '']) => part);
  const words = parts.map((part) => VALUES[part] ?? wordsOf(part));
  if (parts.length === 0) return wordsOf(phrase);
  if (words.some((each) => each === null)) return null;
  return [words.map((each) => each?.[0]).join(' '), words.map((each) => each?.[1]).join(' ')];
}

function wordsOf(phrase: string): readonly [string, string] | null {
  const [first, second] = phrase.split(', ').filter((word) => word !== '');
  if (phrase === 'tag') return ['a', 'b'];
  if (phrase === 'zone') return ['a.example', 'b.example'];
  if (phrase === 'type') return ['static', 'refuse'];
  return first !== undefined && second !== undefined ? [first, second] : null;
}

/** Clauses of which unbound-checkconf shows directives. */
const SHOWN_CLAUSES = ['server', 'remote-control', 'dnstap', 'python', 'dynlib'] as const;

/** A clause's line, the two lines of a directive, and the line that includes a file with the clause and the first of them. */
interface Twice {
  readonly start: string;
  readonly first: string;
  readonly second: string;
  readonly include: string;
}

/** Where the two lines may stand. */
const ARRANGEMENTS: Readonly<Record<string, (twice: Twice) => string>> = {
  'in one clause': ({ start, first, second }) => `${start}${first}${second}`,
  'in a clause given twice': ({ start, first, second }) => `${start}${first}${start}${second}`,
  'in a clause over an included one': ({ start, second, include }) => `${include}${start}${second}`,
  'in a clause that includes the other': ({ start, second, include }) => `${start}${include}${second}`,
};

describe.skipIf(why !== null)(`directives given twice ${why ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-twice-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What unbound-checkconf shows; null when this Unbound does not know the directive or refuses to show it. */
  function unboundShows(directive: string, text: string): string | null {
    const path = join(folder, 'twice.conf');
    writeFileSync(path, text);
    const program = findProgram('unbound-checkconf') as string;
    const { status, stdout } = spawnSync(program, ['-o', directive, path], { encoding: 'utf8' });
    return status === 0 ? stdout : null;
  }

  function hawserShows(directive: string, files: Record<string, string>): string {
    let out = '';
    runCheckconf(['-o', directive, '/a'], {
      files: new FakeFiles(files),
      out: (more) => {
        out += more;
      },
      err: (more) => {
        out += more;
      },
    });
    return out;
  }

  test.each(Object.entries(ARRANGEMENTS))(
    'show the same value, or the same list in the same order: %s',
    (_, arrange) => {
      const compared: string[] = [];
      const differing: string[] = [];
      for (const facts of SHOWN_CLAUSES.flatMap(directivesOf)) {
        const values = valuesFor(facts);
        expect(values, `${facts.directive}: no values for "${facts.phrase}"`).not.toBeNull();
        for (const order of [values ?? [], [...(values ?? [])].reverse()]) {
          const head = facts.directive === 'define-tag' ? '' : 'server:\n define-tag: "a b"\n';
          const [first = '', second = ''] = order.map((value) => ` ${facts.directive}: ${value}\n`);
          const included = join(folder, 'included.conf');
          const text =
            head + arrange({ start: `${facts.clause}:\n`, first, second, include: `include: ${included}\n` });
          const files = { '/a': text, [included]: `${facts.clause}:\n${first}` };
          writeFileSync(included, files[included] ?? '');
          const theirs = unboundShows(facts.directive, text);
          if (theirs === null) continue;
          const ours = hawserShows(facts.directive, files);
          compared.push(facts.directive);
          if (ours !== theirs) differing.push(`${text}theirs: ${theirs}ours: ${ours}`);
        }
      }
      expect(differing).toEqual([]);
      expect(new Set(compared).size).toBeGreaterThan(210);
    },
  );

  describe('in running daemons', () => {
    let unbound: Record<string, unknown>;
    let hawser: Record<string, unknown>;
    beforeAll(() => {
      unbound = JSON.parse(runInNamespace('duplicates-session.ts', ['unbound'], 60_000)) as typeof unbound;
      hawser = JSON.parse(runInNamespace('duplicates-session.ts', ['hawser'], 60_000)) as typeof hawser;
    }, 130_000);

    test('act alike', () => {
      expect(hawser).toEqual(unbound);
    });

    test('have shown something', () => {
      expect(Object.keys(unbound.answers as object).length).toBeGreaterThan(40);
      expect(Object.values(unbound.answers as Record<string, string>)).not.toContain('none');
      expect(unbound).toMatchObject({ strings: ['two'], ports: true });
    });
  });
});
