/**
 * Proves the text form of rdata: the forms that dig prints, both ways; every rdata of every type reads back as the same
 * octets; bad text is refused with a reason.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual, toHex } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { isWellFormedRdata } from '../../src/wire/rdata-names.ts';
import { formatGeneric, formatRdata, parseRdata } from '../../src/wire/rdata-text.ts';
import { TYPE, typeFromText } from '../../src/wire/rr-type.ts';
import { anyRdata } from './arbitraries.ts';

function typeOf(mnemonic: string): number {
  const type = typeFromText(mnemonic);
  if (type === null) throw new Error(mnemonic);
  return type;
}

function octetsOf(mnemonic: string, text: string): Uint8Array {
  const rdata = parseRdata(typeOf(mnemonic), text, mustParseName('example.org.'));
  if (!(rdata instanceof Uint8Array)) throw new Error(rdata.error);
  return rdata;
}

const KEY = 'AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gs';
const DIGEST = 'E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';

describe('the form that dig prints', () => {
  // Text that is already in the form printed.
  test.each([
    ['A', '192.0.2.1'],
    ['AAAA', '2001:db8::1'],
    ['AAAA', '::ffff:192.0.2.1'],
    ['NS', 'ns1.example.org.'],
    ['CNAME', 'a\\.b\\@\\$\\(\\"\\;c\\032d\\200.example.'],
    ['PTR', 'host.example.'],
    ['DNAME', 'elsewhere.example.'],
    ['SOA', 'ns.example. hostmaster.example. 2026112301 7200 3600 1209600 300'],
    ['MX', '10 mail.example.'],
    ['MX', '0 .'],
    ['TXT', '"v=spf1 -all"'],
    ['TXT', '"a;b\\"c\\\\d\\127\\200" "second"'],
    ['TXT', '""'],
    ['SPF', '"v=spf1 -all"'],
    ['SRV', '0 5 5060 sip.example.'],
    ['NAPTR', '100 50 "s" "z3950+I2L+N2C" "" _z3950._tcp.gatech.edu.'],
    ['DS', `20326 8 2 ${DIGEST}`],
    ['CDS', '0 0 0 00'],
    ['DLV', `20326 8 2 ${DIGEST}`],
    ['DNSKEY', `257 3 8 ${KEY}`],
    ['CDNSKEY', '0 3 0 AA=='],
    ['KEY', '49152 3 0'],
    ['RRSIG', `MX 8 2 3600 20261204170000 20261122160000 57780 example. ${KEY}`],
    ['RRSIG', `TYPE65534 13 0 86400 20380119031408 19700101000000 1 . ${KEY}`],
    ['NSEC', 'b.example. A NS SOA MX RRSIG NSEC DNSKEY HTTPS CAA TYPE65534'],
    ['NSEC3', '1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG TYPE1234'],
    ['NSEC3', '1 0 0 - 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S'],
    ['NSEC3PARAM', '1 0 0 -'],
    ['TLSA', `3 1 1 ${DIGEST}`],
    ['SMIMEA', `3 0 0 ${DIGEST}`],
    ['OPENPGPKEY', KEY],
    ['SSHFP', '4 2 AABBCCDD'],
    ['CAA', '0 issue "ca.example; policy=\\"x\\""'],
    ['CAA', '128 iodef ""'],
    ['SVCB', '0 pool.example.'],
    [
      'SVCB',
      '16 foo.example. mandatory=alpn,ipv4hint alpn="h2,h3\\\\,x" no-default-alpn port=53 ipv4hint=192.0.2.1,192.0.2.2 ' +
        'ech=AAAA ipv6hint=2001:db8::1 dohpath="/dns-query{?dns}" key10="a" key667="hello\\210qoo"',
    ],
    ['HTTPS', '1 . alpn="h2" key10'],
    ['URI', '10 1 "ftp://ftp.example.com/pu\\"blic"'],
    ['CERT', `PKIX 12345 RSASHA256 ${KEY}`],
    ['CERT', `999 1 99 ${KEY}`],
    ['LOC', '52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m'],
    ['LOC', '10 2 3.500 S 5 4 3.000 W 10.00m 20m 0.50m 90m'],
    ['HINFO', '"CPU" "an OS"'],
    ['RP', 'mail.example. txt.example.'],
    ['AFSDB', '1 a.example.'],
    ['KX', '1 a.example.'],
    ['RT', '1 a.example.'],
    ['PX', '10 a. b.'],
    ['MINFO', 'a. b.'],
    ['X25', '"311061700956"'],
    ['ISDN', '"150862028003217" "004"'],
    ['ISDN', '"150862028003217"'],
    ['GPOS', '"-32.6882" "116.8652" "10.0"'],
    ['NSAP', '0x47000580005a0000000001e133ffffff00016100'],
    ['WKS', '10.0.0.1 6 25 80'],
    ['APL', '1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32 1:0.0.0.0/0'],
    ['DHCID', 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA='],
    ['IPSECKEY', `10 1 2 192.0.2.38 ${KEY}`],
    ['IPSECKEY', `10 3 2 gateway.example. ${KEY}`],
    ['IPSECKEY', '10 0 0 .'],
    ['HIP', `2 200100107B1A74DF365639CC39F1D578 ${KEY} rvs.example. rvs2.example.`],
    ['CSYNC', '66 3 A NS AAAA'],
    ['ZONEMD', `2018031500 1 1 ${DIGEST}`],
    ['EUI48', '00-00-5e-00-53-2a'],
    ['EUI64', '00-00-5e-ef-10-00-00-2a'],
    ['NID', '10 14:4fff:ff20:ee64'],
    ['L32', '10 10.1.2.0'],
    ['L64', '10 2001:db8:1140:1000'],
    ['LP', '10 l64.example.'],
    ['AMTRELAY', '10 1 2 2001:db8::15'],
    ['AMTRELAY', '10 0 3 relay.example.'],
    ['DSYNC', 'CDS NOTIFY 5359 notify.example.'],
    ['DOA', '0 1 2 "text/plain" -'],
    ['SINK', '1 2 3 AAAA'],
    ['TALINK', 'a. b.'],
    ['EID', 'AABB'],
    ['ATMA', '+31612345678'],
    ['A6', '64 ::1:2:3:4 a.'],
    ['NXT', 'a. A NS'],
    ['RESINFO', '"qnamemin" "exterr=15-17"'],
    ['WALLET', '"BTC" "bc1"'],
    ['TYPE65280', '\\# 3 AABBCC'],
    ['TYPE65280', '\\# 0'],
    ['NULL', '\\# 1 00'],
  ])('%s %s', (mnemonic, text) => {
    expect(formatRdata(typeOf(mnemonic), octetsOf(mnemonic, text))).toBe(text);
  });

  test.each([
    ['TXT', 'v=spf1 a\\;b', '"v=spf1" "a;b"'],
    ['MX', '10 mail', '10 mail.example.org.'],
    ['NS', '@', 'example.org.'],
    ['SOA', 'ns hm 1 2h 1d 1w2d 5m3s', 'ns.example.org. hm.example.org. 1 7200 86400 777600 303'],
    ['A', '\\# 4 c0000201', '192.0.2.1'],
    ['DNSKEY', '256 3 ECDSAP256SHA256 AA AA', '256 3 13 AAAA'],
    ['DS', '1 RSASHA256 SHA-256 aa bb', '1 8 2 AABB'],
    ['RRSIG', 'A 8 2 300 1577836800 1577836799 1 a. AAAA', 'A 8 2 300 20200101000000 20191231235959 1 a. AAAA'],
    ['SVCB', '1 . port=53 alpn="h2" mandatory=port,alpn', '1 . mandatory=alpn,port alpn="h2" port=53'],
    ['SVCB', '1 . key3=853 key4=192.0.2.1', '1 . port=853 ipv4hint=192.0.2.1'],
    ['LOC', '52 N 4 E 10', '52 0 0.000 N 4 0 0.000 E 10.00m 1m 10000m 10m'],
    ['WKS', '10.0.0.1 TCP 80 25', '10.0.0.1 6 25 80'],
    ['NSAP', '0x47.0005', '0x470005'],
    ['CAA', '0 issue letsencrypt.org', '0 issue "letsencrypt.org"'],
  ])('is made of other forms: %s %s', (mnemonic, text, printed) => {
    expect(formatRdata(typeOf(mnemonic), octetsOf(mnemonic, text))).toBe(printed);
  });
});

describe('no octet is lost', () => {
  const types = [...new Set([...Object.values(TYPE), ...Array.from({ length: 300 }, (_, i) => i), 65_280])];

  test('for well-formed rdata of any type', () => {
    const sample = fc.constantFrom(...types).chain((type) => fc.tuple(fc.constant(type), anyRdata(type)));
    fc.assert(
      fc.property(sample, ([type, rdata]) => {
        const text = formatRdata(type, rdata);
        expect(text).not.toBe('');
        expect(parseRdata(type, text)).toEqual(rdata);
        expect(parseRdata(type, formatGeneric(rdata))).toEqual(rdata);
      }),
      { numRuns: 3000 },
    );
  });

  test('for any octets, which are printed even when they do not fit their type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 60 }), (type, rdata) => {
        const readBack = parseRdata(type, formatRdata(type, rdata));
        if (readBack instanceof Uint8Array) expect(readBack).toEqual(rdata);
        else expect(formatRdata(type, rdata)).toBe(formatGeneric(rdata));
      }),
      { numRuns: 3000 },
    );
  });

  test('for the longest rdata of every type with a name', () => {
    for (const type of Object.values(TYPE)) {
      for (const octet of [0, 0xff]) {
        const rdata = new Uint8Array(0xffff).fill(octet);
        expect(parseRdata(type, formatGeneric(rdata)) instanceof Uint8Array).toBe(isWellFormedRdata(rdata, type));
        const readBack = parseRdata(type, formatRdata(type, rdata));
        expect(!(readBack instanceof Uint8Array) || bytesEqual(readBack, rdata)).toBe(true);
      }
    }
  });

  test.each([
    ['a type bitmap with a zero octet at its end', 'NSEC', '0000024000'],
    ['SVCB keys out of order', 'SVCB', '00010000040004c0000201000300020035'],
    ['a CAA tag that is no word', 'CAA', '00032d2d2d61'],
    ['an APL address with a zero octet at its end', 'APL', '00010804c0000000'],
    ['a LOC of another version', 'LOC', `01${'00'.repeat(15)}`],
    ['a NSEC3 without a hash', 'NSEC3', '010000000000'],
    ['an empty APL', 'APL', ''],
  ])('generic form for %s', (_title, mnemonic, hex) => {
    const rdata = new Uint8Array(Buffer.from(hex, 'hex'));
    expect(formatRdata(typeOf(mnemonic), rdata)).toBe(formatGeneric(rdata));
    expect(toHex(octetsOf(mnemonic, formatGeneric(rdata)))).toBe(hex);
  });
});

describe('text is refused', () => {
  test.each([
    ['A', '192.0.2', /not an address/],
    ['A', '192.0.2.01', /not an address/],
    ['A', '192.0.2.1 192.0.2.2', /too many fields/],
    ['A', '', /too few fields/],
    ['A', '2001:db8::1', /not an address/],
    ['AAAA', '192.0.2.1', /not an address/],
    ['AAAA', 'fe80::1%eth0', /not an address/],
    ['A', '\\# 3 c00002', /not the rdata of A/],
    ['A', '\\# 4 c00002', /3 octets instead of 4/],
    ['A', '\\# 4 c00002zz', /malformed hex/],
    ['MX', '65536 a.', /not a number/],
    ['MX', '-1 a.', /not a number/],
    ['MX', '10 a..b.', /empty label/],
    ['TXT', `"${'a'.repeat(256)}"`, /longer than 255/],
    ['TXT', '"a', /without an end/],
    ['TXT', 'a\\300', /bad escape/],
    ['TXT', '(a', /parenthesis/],
    ['DS', '1 8 2', /no hex/],
    ['DS', '1 8 2 abc', /malformed/],
    ['DNSKEY', '256 3 8 A', /malformed/],
    ['RRSIG', 'A 8 2 300 20200231000000 20200101000000 1 a. AAAA', /not a time/],
    ['RRSIG', 'A 8 2 300 21070101000000 20200101000000 1 a. AAAA', /not a time/],
    ['NSEC', 'a. A FOO', /not a type/],
    ['NSEC3', '1 0 0 - 0', /not a hash/],
    ['NSEC3', '1 0 0 xyz 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S', /not a salt/],
    ['SVCB', '1 . port=70000', /bad parameter/],
    ['SVCB', '1 . port=53 port=54', /given twice/],
    ['SVCB', '1 . alpn="h2,,h3"', /bad parameter/],
    ['SVCB', '1 . key65536=x', /bad parameter/],
    ['SVCB', '1 . mandatory=mandatory', /bad parameter/],
    ['SVCB', '1 . no-default-alpn=x', /bad parameter/],
    ['CAA', '0 is-sue "x"', /tag/],
    ['LOC', '91 N 4 E 0', /not a number/],
    ['LOC', '90 0 0.001 N 4 E 0', /out of range/],
    ['LOC', '1 X 4 E 0', /not/],
    ['APL', '1:10.0.0.0/33', /not a prefix/],
    ['APL', '3:10.0.0.0/8', /not a prefix/],
    ['EUI48', '00-00-5e-00-53', /6 octets/],
    ['L64', '10 1:2:3', /four groups/],
    ['HIP', '2 zz AAAA', /host identity/],
    ['IPSECKEY', '10 4 2 x AAAA', /not a number/],
    ['TYPE65280', 'abc', /written as/],
    ['NULL', '00', /written as/],
  ])('%s %s', (mnemonic, text, reason) => {
    const rdata = parseRdata(typeOf(mnemonic), text);
    expect(rdata instanceof Uint8Array ? 'accepted' : rdata.error).toMatch(reason);
  });
});
