/**
 * Whose fault an ending is, and what mends it: one sentence for every reason that the vocabulary has. Exhaustive: a reason
 * without a row does not compile.
 *
 * Leaves to others: what happened (terms/verdict-text.ts, terms/failure-text.ts); this says who must act.
 */

import { isContradiction } from '../terms/denial-outcome.ts';
import type { Failure } from '../terms/failure.ts';
import { LIMIT_TEXT, type Limit } from '../terms/limit.ts';
import type { Resolution } from '../terms/resolution.ts';
import { unreachable } from '../terms/unreachable.ts';
import type { BogusReason, IndeterminateReason, InsecureReason } from '../terms/verdict.ts';
import { algorithmMnemonic } from '../wire/algorithms.ts';
import { agoText, dateText } from './date-text.ts';

/** Who must act. */
export const CULPRIT_TEXT = {
  /** Whoever runs the zone: signs it, serves its records. */
  zone: 'the operator of the zone',
  /** The DS at the registry or in the zone above does not belong to the zone as it is. */
  delegation:
    'the operator of the zone, at its registrar: what the zone above says of it (DS, name servers, glue) does not fit it',
  /** The zone above, whose own records or servers are at fault. */
  parent: 'the operator of the zone above',
  /** One or all servers of the zone, or something on the way to them. */
  server: 'whoever runs the servers of the zone, or a box on the way to them',
  clock: 'the clock of this host, or the signer of the zone',
  configuration: 'the configuration of this resolver',
  network: 'the network of this host',
  /** Limits and load of this resolver. */
  resolver: 'a limit of this resolver, or a zone that asks too much work',
  nobody: 'nobody: this is how the zone is run',
} as const;

export type Culprit = keyof typeof CULPRIT_TEXT;

/** Who must act, and what to do. */
interface Remedy {
  readonly culprit: Culprit;
  /** One or two sentences for an operator. */
  readonly text: string;
}

/** What is known besides the reason. */
interface RemedyOptions {
  /** Unix seconds. */
  readonly now: number;
  /** Zones that have a trust anchor, presentation text. */
  readonly anchored: ReadonlySet<string>;
  /** By which second signatures are judged: this host's clock, one asked for once, or `val-override-date`. */
  readonly clock: 'own' | 'asked' | 'configured';
}

/** Who must act, with the name of the zone where the reason has one. */
export function whoText(culprit: Culprit, resolution: Resolution): string {
  const zone = zoneOf(resolution);
  return zone === null
    ? CULPRIT_TEXT[culprit]
    : CULPRIT_TEXT[culprit].replace(/the zone(?! above)/, `the zone ${zone}`);
}

/** The zone that the reason of an ending is about. */
function zoneOf(resolution: Resolution): string | null {
  const { verdict, why: failure } =
    resolution.kind === 'failed' ? { ...resolution, verdict: null } : { ...resolution, why: null };
  if (failure !== null) return zoneOfReason(failure.kind === 'cached-failure' ? failure.of : failure);
  return verdict === null || verdict.status === 'secure' ? null : zoneOfReason(deepest(verdict.why));
}

function zoneOfReason(why: object): string | null {
  return 'zone' in why && typeof why.zone === 'string' ? why.zone : null;
}

/** The reason that broke a chain, where the zones below only suffer from it. */
function deepest<Reason extends { readonly kind: string }>(why: Reason | BogusReason): Reason | BogusReason {
  return why.kind === 'chain-broken-above' && 'of' in why ? deepest(why.of as BogusReason) : why;
}

/** A clock that is off by more is seen at once; signers are rarely ahead by less. */
const CLOCK_DOUBT_SECONDS = 86_400;

/** The remedy for an ending; null when nothing is wrong. */
export function remedyOf(resolution: Resolution, options: RemedyOptions): Remedy | null {
  if (resolution.kind === 'failed') return failureRemedy(resolution.why);
  const { verdict } = resolution;
  if (verdict === null) return null;
  switch (verdict.status) {
    case 'secure':
      return null;
    case 'insecure':
      return insecureRemedy(verdict.why);
    case 'bogus':
      return bogusRemedy(verdict.why, options);
    case 'indeterminate':
      return indeterminateRemedy(verdict.why);
    default:
      return unreachable(verdict);
  }
}

/** Why data is unsigned to us. */
export function insecureRemedy(why: InsecureReason): Remedy {
  switch (why.kind) {
    case 'no-ds-proven':
      return {
        culprit: 'nobody',
        text: `${why.zone} is not signed, or its operator never gave a DS to the zone above; whoever runs it can sign it and hand in the DS at the registrar.`,
      };
    case 'opt-out':
      return {
        culprit: 'nobody',
        text: `The zone above says (opt-out) that unsigned delegations may stand where ${why.zone} is, so ${why.zone} counts as unsigned; a DS for it, or a zone above signed without opt-out, would change that.`,
      };
    case 'negative-anchor':
      return {
        culprit: 'configuration',
        text: `This resolver is told not to validate ${why.zone} (domain-insecure, or insecure_add over the control channel); take that back to have it validated.`,
      };
    case 'algorithm-unsupported':
      return {
        culprit: 'zone',
        text: `${why.zone} is signed with ${algorithmsText(why.algorithms)} only, which is not supported here and so counts as unsigned; its operator should roll over to algorithm 13 (ECDSAP256SHA256) or 15 (ED25519).`,
      };
    case 'digest-unsupported':
      return {
        culprit: 'delegation',
        text: `All DS records of ${why.zone} use digest types that are not supported here (${why.digests.join(', ')}); its operator should hand in a DS with digest type 2 (SHA-256).`,
      };
    case 'nsec3-iterations-high':
      return {
        culprit: 'zone',
        text: `The operator of the zone that signs for ${why.zone} should set NSEC3 iterations to 0 (RFC 9276); with ${why.iterations} its proofs of what is not there are not accepted, so mail to such names is not protected by DANE.`,
      };
    case 'signature-not-signed':
      return {
        culprit: 'nobody',
        text: 'Signatures are not signed themselves: ask for the type that they cover instead of RRSIG.',
      };
    case 'no-anchor':
      return {
        culprit: 'configuration',
        text: `This resolver has no usable trust anchor at or above ${why.zone}: set auto-trust-anchor-file or trust-anchor, and leave harden-dnssec-stripped at yes.`,
      };
    default:
      return unreachable(why);
  }
}

/** Why it cannot be said. */
export function indeterminateRemedy(why: IndeterminateReason): Remedy {
  switch (why.kind) {
    case 'chain-data-unreachable':
      return chainDataRemedy(why);
    case 'limit':
      return limitRemedy(why.limit);
    default:
      return unreachable(why);
  }
}

function chainDataRemedy({
  zone,
  data,
  how,
}: Extract<IndeterminateReason, { readonly kind: 'chain-data-unreachable' }>): Remedy {
  const asked = data === 'DS' ? `the servers of the zone above ${zone}` : `the servers of ${zone}`;
  // A zone's DS stands in the zone above (RFC 4035 §3.1.4.1).
  const culprit = data === 'DS' ? 'parent' : 'server';
  switch (how) {
    case 'no-answer':
      return {
        culprit,
        text: `None of ${asked} answers when asked for the ${data}, so nothing below can be proven: test them with dig +dnssec, by UDP and with +tcp; a firewall that drops large answers or fragments is a usual cause.`,
      };
    case 'network-error':
      return {
        culprit: 'network',
        text: `This host has no way to ${asked}, which hold the ${data}: look at its routes, its firewall and whether IPv4 and IPv6 work.`,
      };
    case 'refused':
      return {
        culprit,
        text: `Of ${asked} those that answer do not give the ${data}: its operator must see that all of them serve the signed zone, or, with forward-addr, that the forwarder does DNSSEC.`,
      };
    default:
      return unreachable(how);
  }
}

/** Why data is refused. */
export function bogusRemedy(why: BogusReason, options: RemedyOptions): Remedy {
  const remedy = ownRemedy(why, options);
  // A DS is a record of the zone above, which signs it: the zone that it is for can do nothing.
  const isOfParent = 'record' in why && /\bDS$/.test(why.record) && remedy.culprit === 'zone';
  return isOfParent ? { ...remedy, culprit: 'parent' } : remedy;
}

function ownRemedy(why: BogusReason, options: RemedyOptions): Remedy {
  switch (why.kind) {
    case 'chain-broken-above':
      return bogusRemedy(why.of, options);
    case 'no-dnskey':
    case 'no-dnskey-matches-ds':
    case 'zone-key-bit-missing':
    case 'key-revoked':
    case 'key-protocol-wrong':
      return keyRemedy(why, options);
    case 'denial-missing':
    case 'denial-wrong':
    case 'wildcard-unproven':
    case 'wildcard-not-allowed':
    case 'alias-not-synthesised':
      return proofRemedy(why);
    case 'too-much-work':
      return {
        culprit: 'zone',
        text: `${why.zone} has so many keys or signatures for ${why.record} that checking them is refused (${why.limit}); its operator should publish fewer. If it is a stranger's zone it may be an attack, and nothing needs to be done here.`,
      };
    default:
      return signatureRemedy(why, options);
  }
}

type KeyReason = Extract<
  BogusReason,
  {
    readonly kind: 'no-dnskey' | 'no-dnskey-matches-ds' | 'zone-key-bit-missing' | 'key-revoked' | 'key-protocol-wrong';
  }
>;

function keyRemedy(why: KeyReason, { anchored }: RemedyOptions): Remedy {
  const { zone } = why;
  switch (why.kind) {
    case 'no-dnskey':
      return {
        culprit: 'delegation',
        text: `The zone above has a DS for ${zone}, but ${zone} shows no keys: either it is no longer signed, and its operator must have the DS taken out at the registrar, or its servers lost the signed zone and must load it again.`,
      };
    case 'no-dnskey-matches-ds':
      if (anchored.has(zone)) {
        return {
          culprit: 'configuration',
          text: `The trust anchor of ${zone} that is configured here fits none of its keys: bring it up to date (hawser-anchor for the root), or take it out.`,
        };
      }
      return {
        culprit: 'delegation',
        text: `The DS in the zone above (key ${why.keyTag}) fits no key of ${zone}: after a change of keys or of the DNS provider its operator must hand in the DS of the present key at the registrar, or publish the old key again.`,
      };
    case 'zone-key-bit-missing':
      return {
        culprit: 'zone',
        text: `Key ${why.keyTag} of ${zone} is published without the zone key flag (flags must be 256 or 257): its operator must publish it with the right flags and sign again.`,
      };
    case 'key-revoked':
      if (anchored.has(zone)) {
        return {
          culprit: 'configuration',
          text: `The trust anchor configured here for ${zone}, key ${why.keyTag}, was revoked by its owner: bring the anchor up to date (hawser-anchor for the root).`,
        };
      }
      return {
        culprit: 'delegation',
        text: `${zone} has revoked key ${why.keyTag}, and the zone above still trusts it alone: its operator must hand in the DS of a key that is in use.`,
      };
    case 'key-protocol-wrong':
      return {
        culprit: 'zone',
        text: `Key ${why.keyTag} of ${zone} has a protocol field that is not 3: its operator must publish the key anew with a sound signer.`,
      };
    default:
      return unreachable(why);
  }
}

type ProofReason = Extract<
  BogusReason,
  {
    readonly kind:
      | 'denial-missing'
      | 'denial-wrong'
      | 'wildcard-unproven'
      | 'wildcard-not-allowed'
      | 'alias-not-synthesised';
  }
>;

function proofRemedy(why: ProofReason): Remedy {
  const { zone, record } = why;
  switch (why.kind) {
    case 'denial-missing':
      return {
        culprit: 'server',
        text: `The servers of ${zone} say that ${record} does not exist and send no proof (NSEC or NSEC3): one of them may serve an unsigned copy, or a box on the way takes the proof out; compare all servers with dig +dnssec.`,
      };
    case 'denial-wrong':
      return isContradiction(why.how)
        ? {
            culprit: 'server',
            text: `The servers of ${zone} deny ${record}, but the signed records that they send say otherwise: a server with an old or mixed copy of the zone, or somebody on the way who hides the record; compare all servers with dig +dnssec.`,
          }
        : {
            culprit: 'zone',
            text: `The proof that ${zone} gives for the absence of ${record} is not complete: its operator should sign the zone anew (NSEC or NSEC3 chain) and compare all servers; old server software is a usual cause.`,
          };
    case 'wildcard-unproven':
      return {
        culprit: 'server',
        text: `${record} was answered from a wildcard of ${zone} without proof that there is no closer name: server software that does not do DNSSEC for wildcards, or a forged answer; compare all servers with dig +dnssec.`,
      };
    case 'wildcard-not-allowed':
      return {
        culprit: 'server',
        text: `${record} was made from a wildcard of ${zone}, which may never be: wrong server software or a forged answer; compare all servers with dig +dnssec.`,
      };
    case 'alias-not-synthesised':
      return {
        culprit: 'server',
        text: `The CNAME at ${record} does not follow from the signed DNAME or from the question: wrong server software of ${zone} or a forged answer; compare all servers with dig +dnssec.`,
      };
    default:
      return unreachable(why);
  }
}

type SignatureReason = Exclude<
  BogusReason,
  KeyReason | ProofReason | { readonly kind: 'chain-broken-above' | 'too-much-work' }
>;

function signatureRemedy(why: SignatureReason, options: RemedyOptions): Remedy {
  const { zone, record } = why;
  switch (why.kind) {
    case 'signature-expired':
    case 'signature-not-yet-valid':
      return dateRemedy(why, options);
    case 'expired-before-valid':
      return {
        culprit: 'zone',
        text: `The signature of ${record} ends before it begins: the signer of ${zone} is set up wrongly or its clock jumped; its operator must sign again.`,
      };
    case 'signature-wrong':
      return {
        culprit: 'zone',
        text: `${record} is not what key ${why.keyTag} of ${zone} signed: the zone was changed after signing, or the answer was changed on the way. When all servers send the same its operator must sign again; when one differs, that server.`,
      };
    case 'signature-malformed':
      return {
        culprit: 'server',
        text: `A signature of ${record} is damaged: the signer or a server of ${zone}, or a box on the way; compare all servers with dig +dnssec.`,
      };
    case 'signer-not-allowed':
      return {
        culprit: 'zone',
        text: `${record} is signed in the name of ${why.signer}, and only ${zone} may sign it: its operator must sign again in the right zone; a zone cut that one server knows and another does not is a usual cause.`,
      };
    case 'label-count-wrong':
      return {
        culprit: 'zone',
        text: `The signature of ${record} claims a count of labels that does not fit its name: wrong signer software of ${zone}, or a forged answer; its operator should sign again with another signer.`,
      };
    case 'no-signature':
      return {
        culprit: 'server',
        text: `${zone} is signed, but ${record} came without signature: one of its servers has an unsigned copy, or a forwarder or box on the way strips DNSSEC; compare all servers with dig +dnssec.`,
      };
    case 'no-matching-key':
      return {
        culprit: 'zone',
        text: `${record} is signed by key ${why.keyTag}, which ${zone} no longer publishes (or not yet): a change of keys went too fast, or its servers hold different copies; its operator must publish the key or sign again.`,
      };
    case 'key-unusable':
      return {
        culprit: 'zone',
        text: `Key ${why.keyTag} of ${zone} is damaged or of a form that cannot be used (algorithm ${why.algorithm}): its operator must publish it anew.`,
      };
    case 'algorithm-missing':
      return {
        culprit: 'zone',
        text: `The zone above announces ${algorithmsText([why.algorithm])} for ${zone}, and ${record} has no good signature of it: its operator must finish or undo the change of algorithm. This resolver insists because of harden-algo-downgrade: yes.`,
      };
    default:
      return unreachable(why);
  }
}

type DateReason = Extract<BogusReason, { readonly kind: 'signature-expired' | 'signature-not-yet-valid' }>;

function dateRemedy(why: DateReason, { now, clock }: RemedyOptions): Remedy {
  const { zone, record } = why;
  if (clock === 'configured') {
    return {
      culprit: 'configuration',
      text: `val-override-date has this resolver judge signatures as of ${dateText(now)}, and that of ${record} does not hold then: take val-override-date out of the configuration.`,
    };
  }
  if (clock === 'asked') {
    const begins = why.kind === 'signature-not-yet-valid';
    const text = begins
      ? `At the time that was asked for (${dateText(now)}) the signature of ${record} has not begun: it does on ${dateText(why.validFrom)}.`
      : `At the time that was asked for (${dateText(now)}) the signature of ${record} is over: the signer of ${zone} must have renewed it before ${dateText(why.expiredAt)}.`;
    return { culprit: 'zone', text };
  }
  switch (why.kind) {
    case 'signature-expired':
      return timeRemedy(
        why.expiredAt,
        now,
        `The signature of ${record} ran out ${agoText(now - why.expiredAt)} ago: the signer of ${zone} has stopped renewing, or a secondary server no longer gets the zone; its operator must sign again`,
        'zone',
      );
    case 'signature-not-yet-valid':
      return timeRemedy(
        why.validFrom,
        now,
        `The signature of ${record} begins only in ${agoText(why.validFrom - now)}: the clock of the signer of ${zone} is ahead, or the clock of this host is behind`,
        'clock',
      );
    default:
      return unreachable(why);
  }
}

/** A time that is off by less than a day may be our own clock's fault. */
function timeRemedy(at: number, now: number, text: string, culprit: Culprit): Remedy {
  const mayBeOurs = Math.abs(at - now) < CLOCK_DOUBT_SECONDS;
  const check = `First compare the clock of this host (date -u says ${dateText(now)}?).`;
  return mayBeOurs ? { culprit: 'clock', text: `${text}. ${check}` } : { culprit, text: `${text}.` };
}

/** Why there is no answer at all. */
export function failureRemedy(why: Failure): Remedy {
  switch (why.kind) {
    case 'no-reachable-server':
      return unreachableRemedy(why);
    case 'no-sockets':
      return {
        culprit: 'resolver',
        text: 'This host lets the resolver open too few sockets: raise its limit of open files (LimitNOFILE, ulimit -n) or lower outgoing-range.',
      };
    case 'all-servers-lame':
      return {
        culprit: 'server',
        text: `The servers that the zone above names for ${why.zone} do not serve it: its operator must load the zone there, or have the delegation point to servers that do.`,
      };
    case 'no-server-addresses':
      return {
        culprit: 'delegation',
        text: `No name server of ${why.zone} has an address that can be found: its operator must mend the address records of its name servers, or the glue at the registrar.`,
      };
    case 'limit':
      return limitRemedy(why.limit);
    case 'alias-loop':
      return {
        culprit: 'zone',
        text: `The CNAME or DNAME records at ${why.at} lead in a circle: whoever runs them must change one.`,
      };
    case 'dependency-cycle':
      return {
        culprit: 'delegation',
        text: 'The name servers of two zones can be found only through each other: one of their operators must add glue or a server with another name.',
      };
    case 'deadline':
      return {
        culprit: 'server',
        text: 'The servers on the way answer too slowly: ask again in a minute; if it stays, `hawser trace` shows which of them keeps silent.',
      };
    case 'cancelled':
    case 'overload':
      return {
        culprit: 'resolver',
        text: 'The resolver was stopping or had more questions than it may work on: ask again; if it stays, look at num-queries-per-thread and for a client that floods.',
      };
    case 'rate-limited':
    case 'zone-unusable':
      return ownFailureRemedy(why);
    case 'cached-failure':
      return failureRemedy(why.of);
    default:
      return unreachable(why);
  }
}

function ownFailureRemedy(why: Extract<Failure, { readonly kind: 'rate-limited' | 'zone-unusable' }>): Remedy {
  switch (why.kind) {
    case 'rate-limited':
      return {
        culprit: 'configuration',
        text: `ratelimit allows no more questions to ${why.zone} now: wait, or raise ratelimit-for-domain.`,
      };
    case 'zone-unusable':
      return {
        culprit: 'configuration',
        text: `The local copy of ${why.zone} cannot be used: see list_auth_zones and the log; fallback-enabled: yes would ask its servers instead.`,
      };
    default:
      return unreachable(why);
  }
}

function unreachableRemedy(why: Extract<Failure, { readonly kind: 'no-reachable-server' }>): Remedy {
  if (why.isNotPublic === true && why.zone === '.') {
    return {
      culprit: 'configuration',
      text: 'The resolver that everything is forwarded to does not answer: see that its address and port are right and that it runs.',
    };
  }
  if (why.isNotPublic === true) {
    return {
      culprit: 'delegation',
      text: `The servers of ${why.zone} have private addresses only: its operator must publish public ones, or, for a zone of your own network, name them in a stub-zone.`,
    };
  }
  if (why.tried === '' && !why.networkError) {
    return { culprit: 'configuration', text: 'do-not-query-address, do-ip4 or do-ip6 forbid every server: allow one.' };
  }
  return why.networkError
    ? {
        culprit: 'network',
        text: `This host has no way to the servers of ${why.zone}: look at its routes, firewall and addresses.`,
      }
    : {
        culprit: 'server',
        text: `The servers of ${why.zone} do not answer: they are down, or a firewall drops DNS (UDP and TCP port 53) between here and there; ask them with dig, by UDP and with +tcp, from here and from elsewhere.`,
      };
}

function limitRemedy(limit: Limit): Remedy {
  return {
    culprit: 'resolver',
    text: `The answer costs more work than this resolver spends on one question: ${LIMIT_TEXT[limit]}. That is a zone that is set up wastefully, or an attack; ask again once, then look with \`hawser trace\` at where the work goes (statistics: num.limit.${limit}).`,
  };
}

function algorithmsText(algorithms: readonly number[]): string {
  return algorithms.map((one) => `algorithm ${one} (${algorithmMnemonic(one) ?? 'no known name'})`).join(', ');
}
