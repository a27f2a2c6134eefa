/**
 * The TLSA generator of the page: what is in the form to records, with the very code of `hawser tlsa`, so that both give the same
 * octets and the same warnings. Knows no document.
 */

import { type RecordForm, recordsText, serviceOwner } from '../dane/make-record.ts';
import { makeTlsas } from '../dane/make-tlsa.ts';
import { tlsaRdata } from '../dane/tlsa-record.ts';
import type { KeyMaterial } from '../ports/certificates.ts';
import type { Crypto } from '../ports/crypto.ts';
import { TYPE } from '../wire/rr-type.ts';
import { PreparedDigests } from './check-signature.ts';
import { readMaterial } from './read-material.ts';

const SMTP_PORT = 25;
const MAX_TTL = 0x7fffffff;

export interface TlsaForm {
  readonly current: Uint8Array;
  /** Of the next key, for a roll-over; null: none. */
  readonly next: Uint8Array | null;
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly ttl: number;
  readonly form: RecordForm;
  /** Unix seconds. */
  readonly now: number;
}

/** Records, or what is wrong. */
export type Generated =
  | {
      readonly ok: true;
      readonly text: string;
      readonly warnings: readonly string[];
      /** What was read, a line for each certificate or key. */
      readonly facts: readonly string[];
    }
  | { readonly ok: false; readonly why: string };

/** Makes the records. */
export async function generateTlsa(form: TlsaForm): Promise<Generated> {
  const { host, port, protocol, usage, selector, matchingType, ttl, now } = form;
  if (host.trim() === '')
    return { ok: false, why: 'the host is needed: the name that clients connect to, for mail the MX' };
  const owner = serviceOwner(host.trim(), port, protocol);
  if (owner === null) return { ok: false, why: `not a host, port and protocol: ${host} ${port} ${protocol}` };
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL) return { ok: false, why: 'not a TTL in seconds' };
  const contents = form.next === null ? [form.current] : [form.current, form.next];
  const materials: KeyMaterial[] = [];
  const warnings: string[] = [];
  for (const [i, content] of contents.entries()) {
    const read = await readMaterial(content);
    if (!read.ok) return { ok: false, why: i === 0 ? read.why : `next: ${read.why}` };
    materials.push(read.material);
    warnings.push(...read.warnings);
  }
  const wish = { usage, selector, matchingType, host: host.trim(), isMail: port === SMTP_PORT, now };
  const made = makeTlsas(materials, wish, await digestsFor(materials));
  if (typeof made === 'string') return { ok: false, why: made };
  const records = made.tlsas.map((tlsa) => ({ owner, ttl, type: TYPE.TLSA, rdata: tlsaRdata(tlsa) }));
  const text = recordsText(records, form.form);
  return { ok: true, text, warnings: [...warnings, ...made.warnings], facts: materials.flatMap(factsOf) };
}

/** All that the maker may want a digest of; it verifies nothing. */
async function digestsFor(materials: readonly KeyMaterial[]): Promise<Crypto> {
  const prepared = new PreparedDigests();
  await prepared.prepare(new Uint8Array());
  for (const material of materials) {
    const octets = material.kind === 'key' ? [material.spki] : material.chain.flatMap(({ der, spki }) => [der, spki]);
    for (const one of octets) await prepared.prepare(one);
  }
  return {
    supports: () => false,
    importKey: () => null,
    verify: () => false,
    digest: (kind, octets) => prepared.digest(kind, octets),
  };
}

function factsOf(material: KeyMaterial): string[] {
  const keyText = ({ type, bits }: { readonly type: string; readonly bits: number | null }): string =>
    bits === null ? type : `${type}, ${bits} bits`;
  if (material.kind === 'key') return [`key: ${keyText(material.key)}`];
  return material.chain.map(({ subject, key, notAfter, isAuthority }) => {
    const until = new Date(notAfter * 1000).toISOString().slice(0, 10);
    return `${isAuthority ? 'authority' : 'certificate'} ${subject || '(no subject)'}: ${keyText(key)}, until ${until}`;
  });
}
