/** Proves the ways of an update, and that none of them leaves the host without an anchor. */

import { beforeEach, describe, expect, it } from 'vitest';
import {
  exitCodeOf,
  type FetchedFile,
  type ProbeOutcome,
  type UpdateOptions,
  updateAnchor,
} from '../../src/anchor/update-anchor.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { makeIdentity, pemOf, signDetached } from './signing.ts';

const EMAIL = 'dnssec@iana.example';
const NOW = Date.parse('2026-11-28T00:00:00Z') / 1000;
const DAY = 86_400;
const OLD = `. IN DS 20326 8 2 ${'AB'.repeat(32)}\n`;
const BUILT_IN = `. IN DS 38696 8 2 ${'CD'.repeat(32)}\n`;
const authority = await makeIdentity('Test Root CA', null);
const signer = await makeIdentity('signer', authority, { email: EMAIL });

function listText(validUntil = ''): string {
  const until = validUntil === '' ? '' : ` validUntil="${validUntil}"`;
  return `<TrustAnchor><Zone>.</Zone><KeyDigest id="K" validFrom="2024-07-18T00:00:00+00:00"${until}><KeyTag>38696</KeyTag>
<Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>${'EF'.repeat(32)}</Digest></KeyDigest></TrustAnchor>`;
}

const options: UpdateOptions = {
  anchorPath: '/var/lib/unbound/root.key',
  builtInAnchors: BUILT_IN,
  authorities: pemOf(authority),
  signerEmail: EMAIL,
  xmlPath: 'list.xml',
  signaturePath: 'list.p7s',
  force: false,
};

let files: FakeFiles;
let asked: string[];
let served: Map<string, Uint8Array>;

beforeEach(async () => {
  files = new FakeFiles({ [options.anchorPath]: OLD });
  asked = [];
  served = new Map();
  await serve(listText());
});

async function serve(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  served.set('list.xml', bytes);
  served.set('list.p7s', await signDetached(bytes, signer, [authority, signer]));
}

async function update(probed: ProbeOutcome, changes: Partial<UpdateOptions> = {}) {
  const outcome = await updateAnchor(
    { ...options, ...changes },
    {
      files,
      now: NOW,
      tell: () => {},
      probe: async () => {
        asked.push('probe');
        return probed;
      },
      fetch: async (path): Promise<FetchedFile> => {
        asked.push(path);
        const bytes = served.get(path);
        return bytes === undefined ? { ok: false, why: 'HTTP status 404' } : { ok: true, bytes };
      },
    },
  );
  const read = files.readText(options.anchorPath);
  return { outcome, code: exitCodeOf(outcome), file: read.ok ? read.value : read.error.kind };
}

describe('an update of the anchor file', () => {
  it('leaves a file alone that the root proves: exit 0, nothing fetched', async () => {
    expect(await update('proven')).toEqual({ outcome: { kind: 'proven', began: false }, code: 0, file: OLD });
    expect(asked).toEqual(['probe']);
  });

  it('begins a missing or empty file with the built-in anchors: exit 1', async () => {
    files.remove(options.anchorPath);
    expect(await update('proven')).toMatchObject({ outcome: { kind: 'proven', began: true }, code: 1, file: BUILT_IN });
    files.put(options.anchorPath, ' \n');
    expect(await update('unreachable')).toMatchObject({
      outcome: { kind: 'kept', began: true },
      code: 1,
      file: BUILT_IN,
    });
  });

  it('keeps the file when there is no network: exit 0, nothing fetched', async () => {
    expect(await update('unreachable')).toMatchObject({ outcome: { kind: 'kept' }, code: 0, file: OLD });
    expect(asked).toEqual(['probe']);
  });

  it('takes the signed list when the anchors do not prove the root any more: exit 1', async () => {
    const { outcome, code, file } = await update('bogus');
    expect(outcome).toEqual({ kind: 'replaced', keys: 1 });
    expect(code).toBe(1);
    expect(file).toBe(`.\tIN\tDS\t38696 8 2 ${'EF'.repeat(32)}\n`);
  });

  it('takes no list within 30 days of a proven probe, but does after them, and with -F', async () => {
    const text = (age: number): string => `;;last_success: ${NOW - age} ;;Sat\n${OLD}`;
    files.put(options.anchorPath, text(29 * DAY));
    expect((await update('bogus')).outcome).toMatchObject({ kind: 'kept', began: false });
    expect((await update('proven', { force: true })).outcome).toMatchObject({ kind: 'replaced' });
    files.put(options.anchorPath, text(31 * DAY));
    expect((await update('bogus')).outcome).toMatchObject({ kind: 'replaced' });
  });

  it('takes the list for a zone that has revoked all its keys, without asking it', async () => {
    files.put(options.anchorPath, `;;REVOKED\n;;last_success: ${NOW - DAY} ;;x\n${OLD}`);
    expect((await update('proven')).outcome).toMatchObject({ kind: 'replaced' });
    expect(asked).not.toContain('probe');
  });

  it('keeps the file when the list does not come or is not believed: exit 0', async () => {
    served.delete('list.p7s');
    expect(await update('bogus')).toMatchObject({ outcome: { kind: 'kept' }, code: 0, file: OLD });
    await serve(listText());
    served.set('list.xml', new TextEncoder().encode(listText('2030-01-01T00:00:00Z')));
    expect(await update('bogus')).toMatchObject({ outcome: { kind: 'kept' }, code: 0, file: OLD });
  });

  it('refuses a signed list without a valid key and keeps the old anchors: exit 2', async () => {
    await serve(listText('2025-01-01T00:00:00+00:00'));
    const { outcome, code, file } = await update('bogus');
    expect(outcome).toMatchObject({ kind: 'refused', why: expect.stringContaining('none of its 1 keys is valid now') });
    expect([code, file]).toEqual([2, OLD]);
    await serve('<TrustAnchor><Zone>.</Zone></TrustAnchor>');
    expect(await update('bogus')).toMatchObject({ outcome: { kind: 'refused' }, code: 2, file: OLD });
  });

  it('says so when the file cannot be read or written: exit 2', async () => {
    files.deny(options.anchorPath);
    expect(await update('proven')).toMatchObject({ outcome: { kind: 'refused' }, code: 2 });
  });
});
