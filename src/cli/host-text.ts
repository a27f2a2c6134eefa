/** What hawser-host prints of one answer, in the words of unbound-host. */

import { reasonText } from '../serve/explain.ts';
import type { Resolution } from '../terms/resolution.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { RCODE, rcodeText } from '../wire/rcode.ts';
import { formatRdata } from '../wire/record-text.ts';
import { CLASS, classText, TYPE, typeText } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';

interface HostTextOptions {
  /** The name in the user's words. */
  readonly name: string;
  /** Also what is not there, and what DNSSEC says. */
  readonly verbose: boolean;
}

interface HostText {
  readonly text: string;
  /** False when further types need not be asked for: the name does not exist or cannot be resolved. */
  readonly goesOn: boolean;
  readonly isBogus: boolean;
}

/** The answer as text; `isFirst`: an alias has not been written yet. */
export function hostText(resolution: Resolution, options: HostTextOptions, isFirst: boolean): HostText {
  const { question } = resolution;
  const status = options.verbose ? ` ${securityText(resolution)}` : '';
  const isBogus = resolution.kind === 'answered' && resolution.verdict?.status === 'bogus';
  const why = isBogus ? `validation failure <${questionText(question)}>: ${reasonText(resolution)}\n` : '';
  if (resolution.kind === 'failed') {
    const text = `Host ${options.name} not found: ${RCODE.SERVFAIL}(SERVFAIL).${status}\n`;
    return { text: options.verbose ? `${text}${reasonText(resolution)}\n` : text, goesOn: false, isBogus };
  }
  if (resolution.rcode !== RCODE.NOERROR) {
    const text = `Host ${options.name} not found: ${resolution.rcode}(${rcodeText(resolution.rcode)}).${status}\n`;
    return { text: `${text}${why}`, goesOn: false, isBogus };
  }
  const lines = [...(isFirst ? aliasLines(resolution, options.name) : []), ...dataLines(resolution, options)];
  return { text: `${lines.map((line) => `${line}${status}\n`).join('')}${why}`, goesOn: true, isBogus };
}

type Answered = Extract<Resolution, { kind: 'answered' }>;

function aliasLines(resolution: Answered, name: string): string[] {
  const last = lastAlias(resolution);
  return last === null ? [] : [`${name} is an alias for ${last}`];
}

/** What the chain of aliases leads to. */
function lastAlias({ answer, question }: Answered): string | null {
  if (question.type === TYPE.CNAME) return null;
  const alias = answer.filter(({ rrset }) => rrsetType(rrset) === TYPE.CNAME).at(-1);
  const target = alias === undefined ? undefined : rdatasOf(alias.rrset)[0];
  return target === undefined ? null : formatRdata(TYPE.CNAME, target);
}

function dataLines(resolution: Answered, { name, verbose }: HostTextOptions): string[] {
  const { question, answer } = resolution;
  const isWanted = (type: number): boolean => type === question.type || question.type === TYPE.ANY;
  const sets = answer.filter(({ rrset }) => isWanted(rrsetType(rrset)));
  const inClass = question.class === CLASS.IN ? '' : ` in class ${classText(question.class)}`;
  const shown = lastAlias(resolution)?.replace(/\.$/, '') ?? name;
  if (sets.length === 0) return verbose ? [`${shown}${inClass} has no ${missingText(question)}`] : [];
  return sets.flatMap(({ rrset }) => {
    const type = rrsetType(rrset);
    const owner = sets.length === 1 ? shown : formatName(rrsetOwner(rrset)).replace(/\.$/, '');
    return rdatasOf(rrset).map((rdata) => `${owner}${inClass} ${linkText(type)} ${formatRdata(type, rdata)}`);
  });
}

function linkText(type: number): string {
  switch (type) {
    case TYPE.A:
      return 'has address';
    case TYPE.AAAA:
      return 'has IPv6 address';
    case TYPE.MX:
      return 'mail is handled by';
    case TYPE.PTR:
      return 'domain name pointer';
    default:
      return `has ${typeText(type)} record`;
  }
}

function missingText({ type }: Question): string {
  switch (type) {
    case TYPE.A:
      return 'address';
    case TYPE.AAAA:
      return 'IPv6 address';
    case TYPE.MX:
      return 'mail handler record';
    case TYPE.PTR:
      return 'domain name ptr';
    default:
      return `${typeText(type)} record`;
  }
}

function securityText(resolution: Resolution): string {
  if (resolution.kind === 'failed') return '(error)';
  switch (resolution.verdict?.status) {
    case 'secure':
      return '(secure)';
    case 'bogus':
      return '(BOGUS (security failure))';
    case 'indeterminate':
      return '(error)';
    default:
      return '(insecure)';
  }
}
