/**
 * The resolver's rules, executable: which room may import which, no cycles, outside world only in adapters and cli, size of files
 * and functions, number of parameters, exports that somebody imports. ARCHITECTURE.md and CONTRIBUTING.md give the reasons.
 * Proves nothing about behaviour.
 */

import { describe, expect, test } from 'vitest';
import {
  functionsOf,
  type Import,
  readSources,
  roomOf,
  type SourceFile,
  withoutComments,
} from './support/source-files.ts';

/** Room -> rooms that it may import besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  wire: [],
  terms: ['wire'],
  ports: ['wire'],
  trace: ['wire', 'terms'],
  dnssec: ['wire', 'terms', 'ports'],
  config: ['wire', 'terms', 'ports', 'dnssec'],
  cache: ['wire', 'terms', 'trace', 'ports'],
  work: ['wire', 'terms', 'trace', 'ports'],
  iterate: ['wire', 'terms', 'cache', 'work', 'trace', 'ports'],
  validate: ['wire', 'terms', 'dnssec', 'cache', 'work', 'trace', 'ports'],
  zones: ['wire', 'terms', 'ports', 'trace', 'dnssec'],
  resolve: ['iterate', 'validate', 'dnssec', 'cache', 'work', 'wire', 'terms', 'trace', 'ports'],
  policy: ['wire', 'terms', 'ports', 'trace', 'config'],
  serve: ['zones', 'policy', 'resolve', 'cache', 'work', 'wire', 'terms', 'trace', 'ports', 'config'],
  front: ['serve', 'cache', 'wire', 'ports'],
  server: ['serve', 'work', 'ports', 'wire', 'config'],
  dnstap: ['ports', 'trace', 'wire'],
  control: [
    'explain',
    'zones',
    'server',
    'serve',
    'policy',
    'resolve',
    'cache',
    'config',
    'trace',
    'wire',
    'terms',
    'ports',
  ],
  anchor: ['wire', 'terms', 'dnssec', 'ports', 'config'],
  explain: ['wire', 'terms', 'trace', 'dnssec', 'ports'],
  dane: ['wire', 'terms', 'ports'],
  web: ['wire', 'terms', 'ports', 'server', 'dane', 'explain'],
  page: ['wire', 'ports', 'dane', 'explain', 'web'],
  daemon: [
    'web',
    'dane',
    'dnstap',
    'doctor',
    'explain',
    'config',
    'control',
    'server',
    'front',
    'serve',
    'policy',
    'resolve',
    'iterate',
    'validate',
    'zones',
    'dnssec',
    'cache',
    'work',
    'trace',
    'terms',
    'wire',
    'ports',
  ],
  library: ['cli', 'dane', 'adapters', 'wire', 'ports'],
  doctor: ['wire', 'terms', 'config', 'ports'],
  adapters: ['ports', 'work', 'wire'],
};

/** What reaches outside the process; only adapters and cli may name it, and what runs in the browser. */
const OUTSIDE = [
  /\bfrom 'node:/,
  /\bimport\('node:/,
  /\bDate\.now\(/,
  /\bnew Date\(\)/,
  /\bperformance\./,
  /\bMath\.random\(/,
  /\bsetTimeout\(/,
  /\bsetImmediate\(/,
  /\bsetInterval\(/,
  /\bprocess\.[a-z]/,
];
/** Imported by no source, but named in the declaration files of the package, which tsc writes from inferred types (TS4023). */
const NAMED_IN_DECLARATIONS = ['AliasRow', 'ManyRow', 'OneRow', 'RequiredRow'].map(
  (name) => `src/config/option.ts: ${name}`,
);
/** Files, rooms and built-ins that hawserd loads only when its configuration wants them: most hosts want none. */
const LOADED_WHEN_WANTED: readonly string[] = [
  'src/dnstap/',
  'src/cli/page-files.ts',
  'src/adapters/front-threads.ts',
  'src/adapters/node-http-server.ts',
  'src/adapters/node-tls-probe.ts',
  'src/adapters/portable-crypto.ts',
  'src/adapters/redis-store.ts',
];
const BUILT_IN_WHEN_WANTED =
  /^import (?!type )[^;]*from 'node:(?:child_process|dgram|tls|http|http2|https|worker_threads)';/m;
/** Rooms in which something happens with each question or connection. */
const ROOMS_OF_QUESTIONS: readonly string[] = [
  'adapters',
  'cache',
  'control',
  'dnstap',
  'front',
  'iterate',
  'policy',
  'resolve',
  'serve',
  'server',
  'trace',
  'validate',
  'work',
];
/** Maps and Sets there from which something is taken out all the same: with a reload, a command, a thread, or what few do at a time. */
const RARELY_EMPTIED: readonly string[] = [
  'src/adapters/front-threads.ts: #fds',
  'src/adapters/front-threads.ts: #shared',
  // Entries that stay for thousands of others are old anyway: then nothing becomes old by it that would not.
  'src/adapters/node-crypto.ts: #handles',
  'src/cache/byte-bounded-map.ts: #slots',
  'src/adapters/node-files.ts: #removals',
  // Of the page and of metrics.
  'src/adapters/node-http-server.ts: #asking',
  'src/adapters/node-http-server.ts: #open',
  'src/adapters/tls-sessions.ts: #authorities',
  'src/cache/routes.ts: unreachable',
  'src/control/control-server.ts: #connections',
  'src/control/metrics-server.ts: #exchanges',
  'src/control/negative-anchors.ts: #timed',
  'src/policy/local-zone.ts: #below',
  'src/policy/local-zones.ts: #zones',
  'src/policy/record-sets.ts: #table',
  // Sets whose signatures soon run out: few, and they stay.
  'src/resolve/expiring-signatures.ts: #names',
  'src/server/daemon.ts: #pairs',
  'src/server/listener-set.ts: #open',
  'src/server/tcp-listener.ts: #byBlock',
  'src/trace/counters.ts: #values',
  'src/trace/followers.ts: #all',
  'src/validate/trust-anchors.ts: #negative',
  'src/validate/trust-anchors.ts: #positive',
];
const MAX_FILE_LINES = 600;
const MAX_FUNCTION_LINES = 60;
const MAX_PARAMETERS = 4;

const sources = readSources('src');

describe('the resolver', () => {
  test('names only rooms that are there', () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path)));
    const named = [...Object.keys(ALLOWED), ...Object.values(ALLOWED).flat()];
    expect(named.filter((room) => !rooms.has(room))).toEqual([]);
  });

  test('has sources to look at', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(20);
  });

  test('imports only along its rules', () => {
    const forbidden = sources.flatMap((source) =>
      source.imports
        .filter(({ path }) => roomOf(source.path) !== 'cli' && !isAllowed(roomOf(source.path), roomOf(path)))
        .map(({ path }) => `${source.path} -> ${path}`),
    );
    expect(forbidden).toEqual([]);
  });

  test('has no import cycle', () => {
    expect(findCycle()).toBeNull();
  });

  test('loads what few want only when it is wanted', () => {
    const loaded = loadedWith('src/cli/hawserd.ts');
    expect(loaded.size).toBeGreaterThan(200);
    expect([...loaded].filter((path) => LOADED_WHEN_WANTED.some((wanted) => path.startsWith(wanted)))).toEqual([]);
    const texts = sources.filter(({ path }) => loaded.has(path));
    expect(texts.filter(({ text }) => BUILT_IN_WHEN_WANTED.test(text)).map(({ path }) => path)).toEqual([]);
    for (const wanted of LOADED_WHEN_WANTED) expect(sources.some(({ path }) => path.startsWith(wanted))).toBe(true);
  });

  test('reaches outside only in adapters and cli', () => {
    const reaching = sources
      .filter(({ path }) => roomOf(path) !== 'adapters' && roomOf(path) !== 'cli' && !path.startsWith('src/page/view/'))
      .flatMap((source) =>
        OUTSIDE.filter((pattern) => pattern.test(withoutComments(source.text))).map(
          (pattern) => `${source.path}: ${pattern.source}`,
        ),
      );
    expect(reaching).toEqual([]);
  });

  test(`has no file above ${MAX_FILE_LINES} lines`, () => {
    const long = sources.filter((source) => source.text.split('\n').length > MAX_FILE_LINES + 1);
    expect(long.map((source) => source.path)).toEqual([]);
  });

  test(`has no function above ${MAX_FUNCTION_LINES} lines or ${MAX_PARAMETERS} parameters`, () => {
    const found = sources.flatMap(({ path, text }) => functionsOf(text).map((one) => ({ path, ...one })));
    expect(found.length).toBeGreaterThan(1000);
    const large = found.filter(({ lines, parameters }) => lines > MAX_FUNCTION_LINES || parameters > MAX_PARAMETERS);
    expect(large).toEqual([]);
  });

  test('opens every file with a doc comment', () => {
    const bare = sources.filter(({ text }) => !/^(?:#!.*\n)?\/\*\*/.test(text));
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  test('documents every export with a contract: what null means, unit and reason of a number', () => {
    expect(sources.flatMap(undocumented)).toEqual([]);
    const text = `export const MAX_X = 1_000;\nexport function find(\n  a: string,\n): X | null {\n}\n`;
    expect(undocumented({ path: 'x.ts', text, imports: [] })).toEqual(['x.ts:1: MAX_X', 'x.ts:2: find']);
  });

  test('exports nothing that nobody imports', () => {
    const users = [...sources, ...readSources('test', 'bench', 'packaging')];
    const taken = new Set(users.flatMap(({ imports }) => imports.flatMap(takenBy)));
    const unused = sources.flatMap(({ path, text }) =>
      // The package's entry is for others to import.
      taken.has(`${path} *`) || path.startsWith('src/library/')
        ? []
        : exportsOf(text)
            .filter(({ name }) => !taken.has(`${path} ${name}`))
            .map(({ name }) => `${path}: ${name}`),
    );
    expect(taken.size).toBeGreaterThan(1000);
    expect(unused.sort()).toEqual(NAMED_IN_DECLARATIONS);
  });

  test('hands over two kinds of bags: Options out of configuration or of a call, Parts to work with', () => {
    const others = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:export )?(?:interface|type) (\w+(?:Start|Means|Rules|Call|Inputs))\b/gm)].map(
        ([, name]) => `${path}: ${name}`,
      ),
    );
    expect(others).toEqual([]);
  });

  test('keeps no mutable state at module level', () => {
    const mutable = sources.filter((source) => /^(?:export )?let /m.test(source.text)).map((source) => source.path);
    expect(mutable).toEqual([]);
  });

  test('keeps what comes and goes with questions in no Map or Set: TransientMap, or a new one in place of one to be emptied', () => {
    const emptied = sources.filter(({ path }) => ROOMS_OF_QUESTIONS.includes(roomOf(path))).flatMap(emptiedTables);
    expect(emptied.sort()).toEqual([...RARELY_EMPTIED].sort());
    const text =
      '  readonly #a = new Map<string, X>();\n  b: Set<Y> = new Set();\n #a.delete(x); this.#b.delete(x); this.b.clear();\n';
    expect(emptiedTables({ path: 'x.ts', text, imports: [] })).toEqual(['x.ts: #a', 'x.ts: b']);
  });

  test('assigns no function to a property where it stands: V8 makes it old, and all that it leads to', () => {
    const assigned = /[\w\])]\.#?\w+ (?:\?\?)?=\s+(?:async )?(?:\([^()]*\)|\w+)(?:: [^=\n]+)? =>/;
    const found = sources.filter(({ path, text }) => ROOMS_OF_QUESTIONS.includes(roomOf(path)) && assigned.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
    expect('this.#a = (b) => b;\n').toMatch(assigned);
  });

  test('exports by name only', () => {
    expect(sources.filter((source) => /^export default/m.test(source.text)).map((source) => source.path)).toEqual([]);
  });
});

function isAllowed(room: string, target: string): boolean {
  return target === room || (ALLOWED[room]?.includes(target) ?? false);
}

/** All files that are there as soon as a program is. */
function loadedWith(main: string): ReadonlySet<string> {
  const loaded = new Set([main]);
  for (const path of loaded) {
    const imports = sources.find((source) => source.path === path)?.imports ?? [];
    for (const one of imports) if (one.isLoadedAtOnce) loaded.add(one.path);
  }
  return loaded;
}

/** `path: name` of each Map and Set that is made under a name and from which something is taken out. */
function emptiedTables({ path, text }: SourceFile): string[] {
  const made = [...text.matchAll(/([#\w]+)(?:(?:: [^=;\n]+)? (?:\?\?)?=|:) new (?:Map|Set)\b/g)].map(
    ([, name = '']) => name,
  );
  return [...new Set(made)]
    .filter((name) => new RegExp(`(?<![\\w#])${name}\\??\\.(?:delete|clear)\\(`).test(text))
    .map((name) => `${path}: ${name}`);
}

/** A cycle as a list of paths, or null. */
function findCycle(): string[] | null {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports.map((found) => found.path)]));
  const done = new Set<string>();
  const visit = (path: string, stack: readonly string[]): string[] | null => {
    if (stack.includes(path)) return [...stack.slice(stack.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const next of importsOf.get(path) ?? []) {
      const cycle = visit(next, [...stack, path]);
      if (cycle !== null) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const source of sources) {
    const cycle = visit(source.path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** `path name` of each name that an import takes; `path *` where it takes all. */
function takenBy({ path, names }: Import): string[] {
  return names === null ? [`${path} *`] : names.map((name) => `${path} ${name}`);
}

/** The named declarations that a text exports, with the offset of each. */
function exportsOf(text: string): { readonly name: string; readonly kind: string; readonly at: number }[] {
  const declaration = /^export (?:async |abstract )*(function\*?|class|const|interface|type) (\w+)/gm;
  return [...text.matchAll(declaration)].map((match) => ({
    name: match[2] ?? '',
    kind: match[1] ?? '',
    at: match.index,
  }));
}

/** Exported functions that may give null, and exported numbers, without a doc comment. */
function undocumented({ path, text }: SourceFile): string[] {
  return exportsOf(text)
    .filter(({ kind, at }) => {
      const head = text.slice(at, text.indexOf(kind.startsWith('function') ? '{\n' : '\n', at));
      return kind === 'const' ? /= -?[\d_.x]+(?: [*+-] [\d_]+)*;$/.test(head) : /\): [^=]*\bnull\b[^(]*$/.test(head);
    })
    .filter(({ at }) => !text.slice(0, at).endsWith('*/\n'))
    .map(({ name, at }) => `${path}:${text.slice(0, at).split('\n').length}: ${name}`);
}
