/**
 * Reads IANA's list of root trust anchors, root-anchors.xml (RFC 9718 §2.1.1): the DS form of each key with its time of
 * validity.
 *
 * Duties: strict form (one root zone, whole digests); which of them are valid at a time. Leaves to others: whether the text
 * is genuine (verify-cms.ts).
 */

import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { fromHex, writeU16 } from '../wire/bytes.ts';
import { ROOT } from '../wire/name.ts';
import { formatRecord } from '../wire/record-text.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';

/** Most octets of the text; the real one has about two thousand. Anything near the limit is not IANA's. */
export const MAX_XML_OCTETS = 65_536;
/** Most keys of one list; the root has had three in fifteen years. */
const MAX_KEYS = 64;

interface KeyDigest {
  /** IANA's name for it, such as `Klajeyz`. */
  readonly id: string;
  /** DS record data: key tag, algorithm, digest type, digest. */
  readonly ds: Uint8Array;
  /** Unix seconds; the key counts from this on. */
  readonly validFrom: number;
  /** Unix seconds at which it ceases to count; null: not known yet. */
  readonly validUntil: number | null;
}

/** The keys of a list, or why it is none. */
type AnchorList =
  | { readonly ok: true; readonly keys: readonly KeyDigest[] }
  | { readonly ok: false; readonly why: string };

/** Digest octets by digest type; other types are passed over, as RFC 9718 §2.1.3 lets a list hold them. */
const DIGEST_OCTETS: ReadonlyMap<number, number> = new Map([
  [1, 20],
  [2, 32],
  [4, 48],
]);

/** Texts of one KeyDigest element while it is read. */
interface OpenKey {
  readonly attributes: Readonly<Record<string, string>>;
  readonly fields: Map<string, string>;
}

export function readAnchorList(xml: string): AnchorList {
  const reader = new ListReader();
  const why = reader.read(xml);
  return why === null ? { ok: true, keys: reader.keys } : { ok: false, why };
}

class ListReader {
  readonly keys: KeyDigest[] = [];
  readonly #path: string[] = [];
  #open: OpenKey | null = null;
  #text = '';
  #zone: string | null = null;
  #why: string | null = null;

  /** Null when the text is a list. */
  read(xml: string): string | null {
    const parser = new SaxesParser({ xmlns: true });
    parser.on('error', (error) => this.#fail(`not well-formed XML: ${error.message.split('\n')[0]}`));
    // A list has no need of entities of its own; refusing the declaration keeps every expansion trick out.
    parser.on('doctype', () => this.#fail('a document type declaration'));
    parser.on('opentag', ({ local, attributes }) => this.#start(local, attributes));
    parser.on('text', (text) => {
      this.#text += text;
    });
    parser.on('closetag', () => this.#end());
    parser.write(xml).close();
    if (this.#why !== null) return this.#why;
    if (this.#zone === null) return 'no TrustAnchor with a Zone';
    return this.#zone === '.' ? null : `the list is about zone ${this.#zone}, not about the root`;
  }

  #fail(why: string): void {
    this.#why ??= why;
  }

  #start(name: string, attributes: Record<string, SaxesAttributeNS>): void {
    if (this.#path.length === 0 && name !== 'TrustAnchor') this.#fail(`element ${name} in place of TrustAnchor`);
    this.#path.push(name);
    this.#text = '';
    if (this.#path.join('/') !== 'TrustAnchor/KeyDigest') return;
    const values = Object.values(attributes).map(({ local, value }): [string, string] => [local, value]);
    this.#open = { attributes: Object.fromEntries(values), fields: new Map() };
  }

  #end(): void {
    const path = this.#path.join('/');
    const name = this.#path.pop() ?? '';
    if (path === 'TrustAnchor/Zone') this.#zone = this.#text.trim();
    else if (path === 'TrustAnchor/KeyDigest') this.#close();
    else if (path.startsWith('TrustAnchor/KeyDigest/')) this.#takeField(name);
    this.#text = '';
  }

  #takeField(name: string): void {
    const fields = this.#open?.fields;
    if (fields?.has(name)) this.#fail(`${name} twice in one KeyDigest`);
    fields?.set(name, this.#text.trim());
  }

  #close(): void {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    const key = keyDigestOf(open);
    if (typeof key === 'string') this.#fail(key);
    else if (this.keys.length >= MAX_KEYS) this.#fail(`more than ${MAX_KEYS} keys`);
    else if (key !== null) this.keys.push(key);
  }
}

/** The key; null for one in a digest type that is not known; a text when the element is not whole. */
function keyDigestOf({ attributes, fields }: OpenKey): KeyDigest | string | null {
  const id = attributes.id ?? '';
  const keyTag = numberOf(fields.get('KeyTag'), 0xffff);
  const algorithm = numberOf(fields.get('Algorithm'), 0xff);
  const digestType = numberOf(fields.get('DigestType'), 0xff);
  const digest = fromHex((fields.get('Digest') ?? '').replace(/\s/g, ''));
  if (keyTag === null || algorithm === null || digestType === null || digest === null) {
    return `KeyDigest ${id}: key tag, algorithm, digest type or digest is missing or malformed`;
  }
  const octets = DIGEST_OCTETS.get(digestType);
  if (octets === undefined) return null;
  if (digest.length !== octets) return `KeyDigest ${id}: a digest of type ${digestType} has ${octets} octets`;
  const validFrom = timeOf(attributes.validFrom);
  const validUntil = attributes.validUntil === undefined ? null : timeOf(attributes.validUntil);
  if (validFrom === null || (validUntil === null && attributes.validUntil !== undefined)) {
    return `KeyDigest ${id}: validFrom or validUntil is no time`;
  }
  const ds = new Uint8Array(4 + digest.length);
  writeU16(ds, 0, keyTag);
  ds[2] = algorithm;
  ds[3] = digestType;
  ds.set(digest, 4);
  return { id, ds, validFrom, validUntil };
}

function numberOf(text: string | undefined, most: number): number | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null;
  const value = Number(text);
  return value <= most ? value : null;
}

/** xsd:dateTime (RFC 9718 §2.1.1) in unix seconds; a time without zone counts as UTC. */
function timeOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.test(text)) return null;
  const millis = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(millis) ? null : Math.floor(millis / 1000);
}

/** RFC 9718 §2.1.4: a key counts from validFrom on and until validUntil. */
export function validKeys(keys: readonly KeyDigest[], atUnixSeconds: number): readonly KeyDigest[] {
  return keys.filter(
    ({ validFrom, validUntil }) => validFrom <= atUnixSeconds && (validUntil === null || atUnixSeconds < validUntil),
  );
}

/** The keys as DS records, a line each, as an anchor file holds them. */
export function anchorText(keys: readonly KeyDigest[]): string {
  const records = keys.map(({ ds }) =>
    formatRecord({ owner: ROOT, ttl: 0, class: CLASS.IN, type: TYPE.DS, rdata: ds }).replace('\t0\t', '\t'),
  );
  return records.map((line) => `${line}\n`).join('');
}
