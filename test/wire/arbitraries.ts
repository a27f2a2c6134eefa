/** Generators of names, rdata, RRsets and messages for property tests. */

import fc from 'fast-check';
import { concatBytes } from '../../src/wire/bytes.ts';
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name } from '../../src/wire/name.ts';
import { type RdataField, rdataLayout } from '../../src/wire/rdata-layout.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset } from '../../src/wire/rrset.ts';

function nameOf(labels: readonly Uint8Array[]): Name {
  const kept: Uint8Array[] = [];
  let length = 1;
  for (const label of labels) {
    if (length + label.length + 1 > MAX_NAME_OCTETS) break;
    kept.push(Uint8Array.of(label.length), label);
    length += label.length + 1;
  }
  return concatBytes(...kept, Uint8Array.of(0)) as Name;
}

/** Any legal name: every octet value, every length. */
export const anyName: fc.Arbitrary<Name> = fc
  .array(fc.uint8Array({ minLength: 1, maxLength: MAX_LABEL_OCTETS }), { maxLength: 127 })
  .map(nameOf);

/** Names that share many suffixes and differ in case, so that compression has work. */
export const relatedName: fc.Arbitrary<Name> = fc
  .array(fc.constantFrom('a', 'A', 'b', 'www', 'example', 'EXAMPLE', 'org', 'mail', 'x'.repeat(63)), { maxLength: 5 })
  .map((labels) => nameOf(labels.map((label) => Buffer.from(label))));

/** Names of letters, digits, `_` and `-` only: what other libraries read as we do. */
export const plainName: fc.Arbitrary<Name> = fc
  .array(fc.stringMatching(/^[a-z0-9_-]{1,12}$/), { minLength: 1, maxLength: 6 })
  .map((labels) => nameOf(labels.map((label) => Buffer.from(label))));

function anyField(field: RdataField, name: fc.Arbitrary<Name>): fc.Arbitrary<Uint8Array> {
  switch (field.kind) {
    case 'octets':
      return fc.uint8Array({ minLength: field.length, maxLength: field.length });
    case 'string':
      return fc.uint8Array({ maxLength: 255 }).map((octets) => concatBytes(Uint8Array.of(octets.length), octets));
    case 'name':
      return name;
    case 'rest':
      return fc.uint8Array({ minLength: field.min, maxLength: 80 });
  }
}

/** Well-formed rdata of a type; any octets for an opaque type. */
export function anyRdata(type: number, name: fc.Arbitrary<Name> = anyName): fc.Arbitrary<Uint8Array> {
  const layout = rdataLayout(type);
  if (layout === null) return fc.uint8Array({ maxLength: 120 });
  return fc.tuple(...layout.map((field) => anyField(field, name))).map((parts) => concatBytes(...parts));
}

/** Types whose rdata has compressible names, other names, and none. */
const MIXED_TYPES = [TYPE.A, TYPE.NS, TYPE.SOA, TYPE.MX, TYPE.PTR, TYPE.TXT, TYPE.SRV, TYPE.DNAME, TYPE.MINFO, 65_280];

/** An RRset of related names with one record or more, perhaps with signatures. */
export const anyRRset: fc.Arbitrary<RRset> = fc.constantFrom(...MIXED_TYPES).chain((type) =>
  fc
    .record({
      owner: relatedName,
      rdatas: fc.array(anyRdata(type, relatedName), { minLength: 1, maxLength: 5 }),
      signatures: fc.array(anyRdata(TYPE.RRSIG, relatedName), { maxLength: 2 }),
    })
    .map((parts) => packRRset({ ...parts, type, class: CLASS.IN })),
);

/** A TTL in seconds. */
export const anyTtl: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0x7fffffff });
