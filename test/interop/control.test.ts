/**
 * Proves that Hawser is controlled as Unbound is: Debian's own unbound-control, over TLS with the keys of both setup
 * programs and over a unix socket, and hawser-control, run every command; the replies have the form of a live Unbound's.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { CONTROL_STEPS } from './control-steps.ts';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere([
  'nsd',
  'dig',
  'ip',
  'unbound',
  'unbound-control',
  'unbound-control-setup',
  'unbound-host',
  'openssl',
]);
const HAWSER_SIDES = ['hawser-tls', 'hawser-unix', 'hawser-own-client'] as const;

interface Ended {
  readonly status: number;
  readonly out: string;
}

interface Session {
  readonly replies: Record<string, readonly Ended[]>;
  readonly requestLists: Record<string, Ended>;
  readonly stops: Record<string, readonly Ended[]>;
  readonly misbehaved: Record<string, unknown>;
  readonly reloaded: Record<string, unknown>;
  readonly hosts: readonly { readonly question: string; readonly unbound: Ended; readonly hawser: Ended }[];
}

/** What may differ from run to run is a number. */
function formOf(out: string, anyOrder: boolean): string {
  const form = out.replace(/\d+(?:\.\d+)?/g, 'N');
  return anyOrder ? form.split('\n').sort().join('\n') : form;
}

describe.skipIf(why !== null)(`the control channel ${why ?? ''}`, () => {
  let session: Session;
  beforeAll(() => {
    session = JSON.parse(runInNamespace('control-session.ts', [], 400_000)) as Session;
  }, 420_000);

  test.each(HAWSER_SIDES)('%s: every reply has the form of Unbound', (side) => {
    const differences = CONTROL_STEPS.flatMap(({ words, form: ownForm, formOfBoth, anyOrder = false }, i): object[] => {
      const unbound = session.replies.unbound?.[i];
      const hawser = session.replies[side]?.[i];
      if (unbound === undefined || hawser === undefined) return [{ command: words.join(' '), hawser: 'no reply' }];
      const isError = hawser.out.startsWith('error');
      const form = ownForm ?? formOfBoth;
      const isUnbounds = formOfBoth?.test(unbound.out) ?? true;
      const fitsOwn =
        form === undefined
          ? formOf(hawser.out, anyOrder) === formOf(unbound.out, anyOrder) && hawser.status === unbound.status
          : form.test(hawser.out) && hawser.status === (isError ? 1 : 0);
      return fitsOwn && isUnbounds
        ? []
        : [{ command: words.join(' '), unbound, hawser, wanted: form?.source ?? 'as Unbound' }];
    });
    expect(differences).toEqual([]);
  });

  test.each(HAWSER_SIDES)('%s: questions that are worked on are listed', (side) => {
    const row = / *\d+ {4}A IN x\.fwd\.test\. \d+\.\d{6} iterator wait for 127\.0\.0\.\d+/;
    expect(session.requestLists.unbound?.out).toMatch(row);
    expect(session.requestLists[side]?.out).toMatch(row);
  });

  test.each(HAWSER_SIDES)('%s: stop, and a status that says so with exit status 3', (side) => {
    expect(session.stops[side]).toEqual(session.stops.unbound);
    expect(session.stops[side]?.map(({ status }) => status)).toEqual([0, 3, 1]);
  });

  test('hawser-host says what unbound-host says', () => {
    const shown = ({ out, status }: Ended) => {
      // The reason of a failure is in words of our own.
      const lines = out.split('\n').map((line) => line.replace(/^(validation failure <.+>): .+/, '$1'));
      return { status, lines: lines.sort() };
    };
    for (const { question, unbound, hawser } of session.hosts) {
      expect({ question, ...shown(hawser) }).toEqual({ question, ...shown(unbound) });
    }
  });

  test('clients that are silent, strange or too loud delay nobody and do no harm', () => {
    const { misbehaved } = session;
    expect(misbehaved).toMatchObject({ beside: 0, badMagic: null, wrongVersion: 'error version mismatch\n', after: 0 });
    expect(misbehaved.oneOctetAtATime).toMatch(/^version: .+\n[\s\S]*is running\.\.\.\n$/);
    expect(misbehaved.oversize).toMatch(/^error line longer than \d+ octets\n$/);
  });

  test('a broken file leaves the old configuration in force; TLS 1.2 and 1.3 with certificates of ours only', () => {
    const { broken, status, answer, mended, foreign, afterForeign } = session.reloaded as Record<string, unknown> & {
      broken: Ended;
      mended: Ended;
      foreign: Ended;
    };
    expect(broken.out).toMatch(/^error \S+hawser-tls\.conf:\d+: .*number/);
    expect(broken.status).toBe(1);
    expect(status).toBe(0);
    expect(String(answer)).toContain('192.0.2.1');
    expect(mended).toEqual({ status: 0, out: 'ok\n' });
    const { tls } = session.reloaded as { tls: { old: string; new: string; nameless: string } };
    expect(tls.old).toMatch(/is running\.\.\.\n$/);
    expect(tls.new).toMatch(/is running\.\.\.\n$/);
    // A client without a certificate.
    expect(tls.nameless).toBe('');
    // A client whose certificate another authority has signed.
    expect(foreign.status).toBe(1);
    expect(afterForeign).toBe(0);
  });
});
