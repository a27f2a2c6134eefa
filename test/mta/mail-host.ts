/** The world that mail hosts ask about: signed with NSEC, NSEC3, opt-out, compact denial; unsigned; broken. Not a test. */

import { concatBytes } from '../../src/wire/bytes.ts';
import { prependLabel } from '../../src/wire/name.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { bitmapOf } from '../../src/wire/type-bitmap.ts';
import { recordOf } from '../world/loose-message.ts';
import { type Reply, Scene, type SceneAsk } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';

/** Digest of the certificate in the TLSA records. */
export const DIGEST = 'ab'.repeat(32);

/** Records of a domain with its own mail host. */
export const MAIL_ZONE = `
@ IN MX 10 mx
mx IN A 192.0.2.25
mx IN AAAA 2001:db8::25
_25._tcp.mx IN TLSA 3 1 1 ${DIGEST}
_25._tcp.mx IN TLSA 3 1 1 ${'cd'.repeat(32)}
plain IN A 192.0.2.26
alias IN CNAME mx
_25._tcp.alias IN CNAME _25._tcp.mx
out IN CNAME mx.unsigned.
*.wild IN A 192.0.2.27
`;

/** As Postfix asks (DNSSEC wanted, 1200 octets): RD, AD, DO. */
export const AS_POSTFIX: SceneAsk = { flags: FLAG.AD, udpSize: 1200, doBit: true };
/** As a stub asks with `options trust-ad`, without EDNS. */
export const AD_ONLY: SceneAsk = { flags: FLAG.AD, udpSize: 0 };

/** Zones by the way in which they deny. */
export const SIGNED_ZONES = ['nsec.', 'nsec3.', 'opt-out.'] as const;

/** The scene; `compact.` denies as a server does that signs on the fly (RFC 9824). */
export async function mailScene(lines: readonly string[] = []): Promise<Scene> {
  const scene = new Scene();
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  scene.zone('nsec.', { servers: { 'ns.nsec.': ['192.0.2.1'] }, signing: { algorithms: [13] }, text: MAIL_ZONE });
  scene.zone('nsec3.', { servers: { 'ns.nsec3.': ['192.0.2.2'] }, signing: { denial: NSEC3 }, text: MAIL_ZONE });
  scene.zone('opt-out.', {
    servers: { 'ns.opt-out.': ['192.0.2.3'] },
    signing: { denial: NSEC3_OPT_OUT },
    text: MAIL_ZONE,
  });
  scene.zone('unsigned.', { servers: { 'ns.unsigned.': ['192.0.2.4'] }, text: MAIL_ZONE });
  scene.zone('compact.', { servers: { 'ns.compact.': ['192.0.2.5'] }, signing: {}, text: MAIL_ZONE });
  scene.zone('dead.', { servers: { 'ns.dead.': ['192.0.2.6'] }, signing: {}, text: MAIL_ZONE });
  scene.world.break('dead.', 'dead');
  denyCompactly(scene);
  await scene.start(lines);
  return scene;
}

/** NODATA with one NSEC at the very name, NXNAME in its bitmap where the name does not exist. */
function denyCompactly(scene: Scene): void {
  const zone = scene.world.get('compact.');
  scene.tamper('192.0.2.5', (reply) => {
    const { question } = reply;
    if (question === null || reply.answer.length > 0 || !reply.authority.some(({ type }) => type === TYPE.SOA))
      return reply;
    const next = prependLabel(Uint8Array.of(0), question.name);
    if (next === null) return reply;
    const types = zone.setsAt(question.name).map((set) => set.type);
    const isThere = types.length > 0;
    const bitmap = bitmapOf(
      [...(isThere ? types : [TYPE.NXNAME]), TYPE.RRSIG, TYPE.NSEC].filter((type) => type !== question.type),
    );
    const nsec = {
      ...recordOf('compact. 300 TXT x'),
      owner: question.name,
      type: TYPE.NSEC,
      rdata: concatBytes(next, bitmap),
    };
    const soa = reply.authority.filter(
      (one) => one.type === TYPE.SOA || (one.type === TYPE.RRSIG && one.rdata[1] === TYPE.SOA),
    );
    return { ...reply, flags: reply.flags & 0xfff0, authority: [...soa, ...scene.signed('compact.', [nsec])] };
  });
}

/** The answer's data without signatures, its status in front. */
export function shown(reply: Reply): string[] {
  return [reply.status, ...reply.answer];
}
