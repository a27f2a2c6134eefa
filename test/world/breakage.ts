/**
 * Ways in which a test zone or its servers can be broken. Each is one fault, so that a test can say which refusal it
 * provokes.
 */

/** Faults of the data: the zone is served, but something about it is wrong. */
export type DataFault =
  /** Signatures whose time is over. */
  | 'signatures-expired'
  /** Signatures whose time has not come. */
  | 'signatures-not-yet-valid'
  /** Signatures made by a key that is not in the DNSKEY set. */
  | 'signatures-by-unknown-key'
  /** Signatures with one bit turned. */
  | 'signatures-corrupt'
  /** Signatures that name another zone as their signer. */
  | 'signatures-by-wrong-signer'
  /** No signatures. */
  | 'signatures-stripped'
  /** Rdata changed after it was signed. */
  | 'rdata-forged'
  /** No NSEC or NSEC3 records in denials. */
  | 'denial-missing'
  /** Denials that prove the absence of another name. */
  | 'denial-of-other-name'
  /** NSEC3 with so many iterations that resolvers give up (RFC 9276 §3.2). */
  | 'nsec3-iterations'
  /** The DNSKEY question is answered with NODATA. */
  | 'dnskey-missing'
  /** A key that has neither DS nor zone flag signs everything. */
  | 'dnskey-without-zone-flag'
  /** The keys carry the revoked bit (RFC 5011 §2.1). */
  | 'dnskey-revoked';

/** Faults of the parent's DS set for the zone. */
export type DelegationFault =
  /** A DS that no key fits. */
  | 'ds-wrong'
  /** Only digests that nobody knows. */
  | 'ds-unknown-digest'
  /** Only algorithms that nobody knows. */
  | 'ds-unknown-algorithm'
  /** The parent proves neither a DS nor its absence. */
  | 'ds-unproven';

/** Faults of the servers. */
export type ServerFault =
  /** Silence. */
  | 'dead'
  | 'refused'
  | 'servfail'
  /** Answers without the AA bit and with a referral to the root. */
  | 'lame'
  /** FORMERR for anything with EDNS. */
  | 'no-edns'
  /** Every answer over UDP is truncated to its header and question. */
  | 'always-truncated'
  /** As above, and silence over TCP. */
  | 'truncated-without-tcp'
  /** Answers with another id than was asked. */
  | 'wrong-id'
  /** Answers to another question. */
  | 'wrong-question'
  /** Octets that are no message. */
  | 'garbage'
  /** Names in the middle of nowhere answered NXDOMAIN although they have children (RFC 8020 §2 as broken). */
  | 'nxdomain-for-empty-names';

/** One fault. */
export type Fault = DataFault | DelegationFault | ServerFault;

/** A fault and where it applies. */
export interface Breakage {
  readonly fault: Fault;
  /** Record types whose sets are faulty; absent: all. */
  readonly types?: readonly number[];
  /** Servers, by ip, that are faulty; absent: all. */
  readonly ips?: readonly string[];
}

/** Faults in force, with questions about them. */
export class Breakages {
  readonly #list: Breakage[] = [];

  add(breakage: Breakage): void {
    this.#list.push(breakage);
  }

  clear(): void {
    this.#list.length = 0;
  }

  /** True when a fault applies to sets of that type, or to a server. */
  has(fault: Fault, { type, ip }: { readonly type?: number; readonly ip?: string } = {}): boolean {
    return this.#list.some(
      (one) =>
        one.fault === fault &&
        (type === undefined || one.types === undefined || one.types.includes(type)) &&
        (ip === undefined || one.ips === undefined || one.ips.includes(ip)),
    );
  }
}
