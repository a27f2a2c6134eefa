/** Proves the reading of IANA's list: whole keys, their time of validity, and refusal of everything else. */

import { describe, expect, it } from 'vitest';
import { anchorText, readAnchorList, validKeys } from '../../src/anchor/root-anchors-xml.ts';

const DIGEST = 'AB'.repeat(32);

function key(attributes: string, changes: Readonly<Record<string, string>> = {}): string {
  const fields = { KeyTag: '20326', Algorithm: '8', DigestType: '2', Digest: DIGEST, ...changes };
  const elements = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<KeyDigest id="K1" ${attributes}>${elements.join('\n')}</KeyDigest>`;
}

function list(...keys: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<TrustAnchor id="1" source="x"><Zone>.</Zone>${keys.join('')}</TrustAnchor>`;
}

const ALWAYS = 'validFrom="2017-02-02T00:00:00+00:00"';

function readAt(xml: string, time: string): string {
  const read = readAnchorList(xml);
  return read.ok ? anchorText(validKeys(read.keys, Date.parse(time) / 1000)) : read.why;
}

describe('the list of root anchors', () => {
  it('gives each key as a DS record', () => {
    expect(readAt(list(key(ALWAYS)), '2020-01-01')).toBe(`.\tIN\tDS\t20326 8 2 ${DIGEST}\n`);
  });

  it('leaves out keys before and after their time', () => {
    const bounded = list(key(`${ALWAYS} validUntil="2019-01-11T00:00:00+00:00"`));
    expect(readAt(bounded, '2017-02-01T23:59:59Z')).toBe('');
    expect(readAt(bounded, '2017-02-02T00:00:00Z')).toContain('20326');
    expect(readAt(bounded, '2019-01-10T23:59:59Z')).toContain('20326');
    expect(readAt(bounded, '2019-01-11T00:00:00Z')).toBe('');
  });

  it('takes the elements that RFC 9718 added along', () => {
    const withKey = key(ALWAYS).replace('</KeyDigest>', '<PublicKey>AwEAAaz</PublicKey><Flags>257</Flags></KeyDigest>');
    expect(readAt(list(withKey), '2020-01-01')).toContain('20326');
  });

  it('passes over digests of types that it does not know', () => {
    expect(
      readAt(list(key(ALWAYS, { DigestType: '9', Digest: 'AA' }), key(ALWAYS)), '2020-01-01').split('\n').length,
    ).toBe(2);
  });

  it.each([
    ['of another zone', list(key(ALWAYS)).replace('<Zone>.<', '<Zone>example.<'), 'not about the root'],
    ['without zone', list(key(ALWAYS)).replace('<Zone>.</Zone>', ''), 'no TrustAnchor with a Zone'],
    ['with another root element', '<Anchors><Zone>.</Zone></Anchors>', 'in place of TrustAnchor'],
    ['with a short digest', list(key(ALWAYS, { Digest: 'AB' })), 'has 32 octets'],
    ['with a digest that is none', list(key(ALWAYS, { Digest: 'XY'.repeat(32) })), 'malformed'],
    ['with a key tag out of range', list(key(ALWAYS, { KeyTag: '65536' })), 'malformed'],
    ['without algorithm', list(key(ALWAYS).replace('<Algorithm>8</Algorithm>', '')), 'missing'],
    ['with a field twice', list(key(ALWAYS).replace('<KeyTag>', '<KeyTag>1</KeyTag><KeyTag>')), 'KeyTag twice'],
    ['without validFrom', list(key('')), 'is no time'],
    ['with a validUntil that is none', list(key(`${ALWAYS} validUntil="soon"`)), 'is no time'],
    ['that is cut off', list(key(ALWAYS)).slice(0, -20), 'not well-formed'],
    ['that is a page of a captive portal', '<!DOCTYPE html><html><body>log in</body></html>', 'document type'],
    ['with entities of its own', `<!DOCTYPE a [<!ENTITY b "c">]>${list(key(ALWAYS)).slice(39)}`, 'document type'],
    ['that is empty', '', 'not well-formed'],
  ])('%s is refused', (_what, xml, why) => {
    const read = readAnchorList(xml);
    expect(read.ok ? 'read' : read.why).toContain(why);
  });
});
