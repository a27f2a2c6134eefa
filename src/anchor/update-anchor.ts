/**
 * Sets up or updates the file with the root's trust anchors, as unbound-anchor does: what is there is kept when the root's
 * keys prove it (RFC 5011); else IANA's signed list takes its place (RFC 9718); without either the file stays as it is.
 *
 * Duties: the order of these ways, and that no way leaves the host without an anchor. Leaves to others: asking the root,
 * fetching over HTTPS, the signature (verify-cms.ts), the list (root-anchors-xml.ts).
 */

import type { Files } from '../ports/files.ts';
import { anchorText, MAX_XML_OCTETS, readAnchorList, validKeys } from './root-anchors-xml.ts';
import { MAX_SIGNATURE_OCTETS, verifyDetachedSignature } from './verify-cms.ts';

/**
 * Seconds after a proven probe in which the list is not fetched: a new key is watched for 30 days before it is trusted (RFC
 * 5011 §2.4.1), so an anchor that was proven within them is not out of date; something else fails, or somebody is on the path.
 */
const PROVEN_LATELY_SECONDS = 30 * 24 * 3600;

/** A file's octets, or why they did not come. */
export type FetchedFile =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly why: string };

/** How a probe of the root went. `bogus`: an answer came that no trusted key has signed. */
export type ProbeOutcome = 'proven' | 'bogus' | 'unreachable';

interface UpdateParts {
  readonly files: Files;
  /** Unix seconds at which keys and certificates must be valid. */
  readonly now: number;
  /** Asks the root for its keys with the anchors of the file, and writes the file's new state when they are proven. */
  readonly probe: () => Promise<ProbeOutcome>;
  /** Fetches a file of the list's server, at most so many octets. */
  readonly fetch: (path: string, maxOctets: number) => Promise<FetchedFile>;
  /** Takes what is done, a sentence each; `detail` 1 is for -v, 2 for -vv. */
  readonly tell: (text: string, detail: 1 | 2) => void;
}

/** What an update is asked to do. */
export interface UpdateOptions {
  readonly anchorPath: string;
  /** DS records that a missing or empty file is begun with. */
  readonly builtInAnchors: string;
  /** PEM text of the authorities that the list's signature must chain up to. */
  readonly authorities: string;
  readonly signerEmail: string;
  readonly xmlPath: string;
  readonly signaturePath: string;
  /** Fetches the list whatever the probe says (-F). */
  readonly force: boolean;
}

/** How an update ended. `began`: the built-in anchors were written first. */
export type UpdateOutcome =
  | { readonly kind: 'proven'; readonly began: boolean }
  | { readonly kind: 'replaced'; readonly keys: number }
  /** Nothing better was to be had; the file is as it was. */
  | { readonly kind: 'kept'; readonly began: boolean; readonly why: string }
  /** The list is genuine but cannot be used, or a file cannot be read or written: somebody must look. */
  | { readonly kind: 'refused'; readonly why: string };

export async function updateAnchor(options: UpdateOptions, parts: UpdateParts): Promise<UpdateOutcome> {
  const { files, tell } = parts;
  const begun = beginFile(options, files);
  if (begun.kind === 'refused') return begun;
  const began = begun.kind === 'began';
  if (began) tell(`${options.anchorPath} was missing or empty; the built-in anchors are in it now`, 1);
  const probed = isRevoked(begun.text) ? 'bogus' : await parts.probe();
  tell(`the root's keys: ${probed}`, 1);
  if (probed === 'proven' && !options.force) return { kind: 'proven', began };
  const why = options.force ? null : whyNotFetched(probed, begun.text, parts.now);
  if (why !== null) return { kind: 'kept', began, why };
  const list = await fetchList(options, parts);
  if (list.kind === 'not-had') return { kind: 'kept', began, why: list.why };
  if (list.kind !== 'list') return { kind: 'refused', why: list.why };
  const written = files.replaceAtomically(options.anchorPath, list.text);
  if (!written.ok) return { kind: 'refused', why: `cannot write ${options.anchorPath}: ${written.error.text}` };
  return { kind: 'replaced', keys: list.keys };
}

/** What unbound-anchor exits with: 1 where the anchors came from the program or the list, 0 else; here 2 for `refused`. */
export function exitCodeOf(outcome: UpdateOutcome): 0 | 1 | 2 {
  if (outcome.kind === 'refused') return 2;
  if (outcome.kind === 'replaced') return 1;
  return outcome.began ? 1 : 0;
}

type Begun =
  | { readonly kind: 'began' | 'there'; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string };

function beginFile({ anchorPath, builtInAnchors }: UpdateOptions, files: Files): Begun {
  const read = files.readText(anchorPath);
  if (read.ok && read.value.trim() !== '') return { kind: 'there', text: read.value };
  if (!read.ok && read.error.kind !== 'missing') {
    return { kind: 'refused', why: `cannot read ${anchorPath}: ${read.error.text}` };
  }
  const written = files.replaceAtomically(anchorPath, builtInAnchors);
  if (written.ok) return { kind: 'began', text: builtInAnchors };
  return { kind: 'refused', why: `cannot write ${anchorPath}: ${written.error.text}` };
}

/** The mark of a zone that has revoked all its keys, in Unbound's state file. */
function isRevoked(text: string): boolean {
  return /^;;REVOKED/m.test(text);
}

function whyNotFetched(probed: ProbeOutcome, text: string, now: number): string | null {
  if (probed === 'unreachable') return 'the root could not be asked';
  const lastSuccess = Number(/^;;last_success: (\d+)/m.exec(text)?.[1] ?? 0);
  const age = now - lastSuccess;
  if (lastSuccess === 0 || isRevoked(text) || age > PROVEN_LATELY_SECONDS || age < 0) return null;
  return `the anchors were proven ${Math.floor(age / 86_400)} days ago, so they are not out of date; what comes now is bogus`;
}

type FetchedList =
  | { readonly kind: 'list'; readonly text: string; readonly keys: number }
  | { readonly kind: 'not-had'; readonly why: string }
  | { readonly kind: 'unusable'; readonly why: string };

async function fetchList(options: UpdateOptions, { fetch, tell, now }: UpdateParts): Promise<FetchedList> {
  const xml = await fetch(options.xmlPath, MAX_XML_OCTETS);
  if (!xml.ok) return { kind: 'not-had', why: `${options.xmlPath} did not come: ${xml.why}` };
  tell(`fetched ${options.xmlPath}, ${xml.bytes.length} octets`, 1);
  const signature = await fetch(options.signaturePath, MAX_SIGNATURE_OCTETS);
  if (!signature.ok) return { kind: 'not-had', why: `${options.signaturePath} did not come: ${signature.why}` };
  tell(`fetched ${options.signaturePath}, ${signature.bytes.length} octets`, 1);
  const { authorities, signerEmail } = options;
  const demand = { content: xml.bytes, signature: signature.bytes, authorities, signerEmail, at: now };
  const checked = await verifyDetachedSignature(demand);
  if (!checked.ok) return { kind: 'not-had', why: `the list is not believed: ${checked.why}` };
  tell('the signature of the list is good', 1);
  const text = new TextDecoder().decode(xml.bytes);
  tell(text, 2);
  const list = readAnchorList(text);
  if (!list.ok) return { kind: 'unusable', why: `the list is signed, but cannot be read: ${list.why}` };
  const valid = validKeys(list.keys, now);
  // Never leave the host without an anchor: an empty file would mean that nothing is validated.
  if (valid.length === 0) {
    return {
      kind: 'unusable',
      why: `the list is signed, but none of its ${list.keys.length} keys is valid now; the old anchors stay`,
    };
  }
  return { kind: 'list', text: anchorText(valid), keys: valid.length };
}
