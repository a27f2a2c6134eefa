/** What the page can have done, made of a resolver's answers: the chain of trust with its picture, the check of a domain. */

import { type CheckParts, checkHost } from '../dane/check-host.ts';
import type { LookUp } from '../dane/look-up.ts';
import { checkMailDomain } from '../dane/mail-domain.ts';
import { type CheckLines, domainLines, singleHostLines } from '../dane/report.ts';
import { readServiceName, starttlsFor } from '../dane/service-name.ts';
import { chainPicture } from '../explain/chain-picture.ts';
import type { Report } from '../explain/report.ts';
import { reportText } from '../explain/report-text.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { TlsProbe } from '../ports/tls-probe.ts';
import { parseName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { CHECK_TIMEOUT_MS } from './limits.ts';
import type { Explained } from './messages.ts';
import type { PageActions } from './page-server.ts';
import { watchedParts } from './watched-check.ts';

const SMTP_PORT = 25;
/** Signatures that run out within so many days are said: signers renew earlier than that. */
const EXPIRY_DAYS = 3;

/** What actions stand on. */
interface ActionParts extends Pick<PageActions, 'examine' | 'look'> {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly tls: TlsProbe;
  readonly lookUp: LookUp;
  /** The name that this host gives itself in EHLO. */
  readonly ehlo: string;
  /** A text: why there is no report. */
  readonly report: (question: Question) => Promise<Report | string>;
}

export function makeActions(parts: ActionParts): PageActions {
  const { examine, look } = parts;
  return {
    explain: async (question) => {
      const report = await parts.report(question);
      return typeof report === 'string' ? report : explained(report);
    },
    checkDane: (target, tell) => checkTarget(target, parts.clock.unixSeconds(), watchedParts(checkParts(parts), tell)),
    examine,
    look,
  };
}

function explained(report: Report): Explained {
  return {
    report,
    text: reportText(report, { hasColour: false }),
    svg: chainPicture(report),
    narrowSvg: chainPicture(report, 'narrow'),
  };
}

function checkParts({ lookUp, crypto, tls, clock, ehlo }: ActionParts): CheckParts {
  const options = { family: 'any', timeoutMs: CHECK_TIMEOUT_MS, ehlo, bothKeyKinds: false } as const;
  return { lookUp, crypto, tls, ask: null, now: clock.unixSeconds(), options };
}

/** A mail domain, or HOST:PORT for one service; a text: it is neither. */
async function checkTarget(target: string, now: number, parts: CheckParts): Promise<CheckLines | string> {
  const given = readServiceName(target.trim(), SMTP_PORT);
  const name = given === null ? null : parseName(given.host.replace(/\.$/, ''));
  if (given === null || name === null) return `not a domain or HOST:PORT: ${target}`;
  const options = { now, days: EXPIRY_DAYS };
  if (!/:\d+$/.test(target.trim())) return domainLines(await checkMailDomain(parts, name), options);
  const { port } = given;
  const service = port === SMTP_PORT ? 'smtp' : 'other';
  const asked = { host: name, port, protocol: 'tcp', service, starttls: starttlsFor(port) } as const;
  return singleHostLines(await checkHost(parts, { ...asked, references: [], isNamedSecurely: true }), options);
}
