/** Joins the tracker of trust anchors (RFC 5011) out of configuration, ports and the resolver. */

import { forgetTrust } from '../cache/forget.ts';
import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import { isValidating } from '../config/modules.ts';
import { algorithmPolicy } from '../dnssec/algorithms.ts';
import type { Files } from '../ports/files.ts';
import type { Ports } from '../ports/ports.ts';
import { readAnchorState } from '../validate/anchor-state.ts';
import { AnchorTracker, type TrackedFile } from '../validate/anchor-tracker.ts';
import type { HoldDowns } from '../validate/rfc5011.ts';
import type { TrustAnchors } from '../validate/trust-anchors.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rrsetType } from '../wire/rrset.ts';
import type { InForce } from './in-force.ts';
import { validateOptions } from './options/rooms.ts';

/** Least hold-down times without permit-small-holddown, seconds: a slip of the pen must not open the listener. */
const MIN_HOLD_SECONDS = 24 * 3600;

/** What the tracker works with. */
interface TrackingParts {
  readonly ports: Ports;
  readonly anchors: TrustAnchors;
  readonly inForce: InForce;
  readonly report: (error: unknown) => void;
}

/** Reads the state files; what cannot be read is a finding. */
export function readTrackedFiles(config: Config, files: Files, findings: Finding[]): TrackedFile[] {
  if (!isValidating(config)) return [];
  const paths = config.server.autoTrustAnchorFile
    .filter((path) => path !== '')
    .map((path) => absolutePath(config, path));
  return paths.flatMap((path) => {
    const text = files.readText(path);
    // A missing file is a finding of those who read all anchors.
    if (!text.ok) return [];
    const read = readAnchorState(text.value);
    if (read.ok) return [{ path, state: read.state }];
    findings.push(
      ...read.errors.map(({ line, text: wrong }): Finding => ({ file: path, line, severity: 'error', text: wrong })),
    );
    return [];
  });
}

/** How long keys are watched and kept. */
export function holdDowns({ server }: Config): HoldDowns {
  const { addHolddown, delHolddown, keepMissing, permitSmallHolddown } = server;
  const least = permitSmallHolddown ? 0 : MIN_HOLD_SECONDS;
  return {
    addSeconds: Math.max(addHolddown, least),
    delSeconds: Math.max(delHolddown, least),
    keepMissingSeconds: keepMissing,
  };
}

/** The tracker of all anchors of `auto-trust-anchor-file`. */
export function makeAnchorTracker(
  config: Config,
  tracked: readonly TrackedFile[],
  parts: TrackingParts,
): AnchorTracker {
  const { ports, anchors, inForce, report } = parts;
  const { clock, random, files, crypto, log } = ports;
  const options = validateOptions(config);
  return new AnchorTracker(
    {
      clock,
      random,
      files,
      crypto,
      log,
      anchors,
      report,
      options: {
        holds: holdDowns(config),
        policy: algorithmPolicy(crypto, options.algorithms),
        skew: options.skew,
        maxRestarts: options.maxRestarts,
        signatureTime: options.signatureTime,
      },
      ask: async (zone) => {
        const resolution = await inForce.resolver.resolve(questionOf(zone, TYPE.DNSKEY), { refresh: true });
        const answer = resolution.kind === 'answered' ? resolution.answer : [];
        return answer.find(({ rrset }) => rrsetType(rrset) === TYPE.DNSKEY) ?? null;
      },
      onTrustLost: (zone) => void forgetTrust({ caches: inForce.caches, pause: () => clock.nextTurn() }, zone),
    },
    tracked,
  );
}
