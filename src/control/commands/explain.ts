/** Hawser's own commands: `explain NAME TYPE` shows how a question is answered, step by step. */

import { reasonText } from '../../serve/explain.ts';
import type { Resolution } from '../../terms/resolution.ts';
import { explainJson, explainText } from '../../trace/explain.ts';
import { Trace } from '../../trace/trace.ts';
import { questionOf, questionText } from '../../wire/question.ts';
import { rcodeText } from '../../wire/rcode.ts';
import { formatRecord } from '../../wire/record-text.ts';
import { TYPE, typeFromText } from '../../wire/rr-type.ts';
import { rdatasOf, rrsetClass, rrsetOwner, rrsetType } from '../../wire/rrset.ts';
import { type Command, worded } from '../command.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';

const JSON_WORDS: ReadonlySet<string> = new Set(['--json', '+json']);

export function explainCommands(parts: ControlParts): Command[] {
  return [worded('explain', (words) => explain(words, parts)), worded('trace', (words) => explain(words, parts))];
}

/** Resolves by a work of its own, not shared, from what the caches know of the way there; `--json` or `+json` for programs. */
async function explain(words: string, { instance, clock }: ControlParts): Promise<string> {
  const given = words.split(/\s+/).filter((word) => word !== '');
  // unbound-control takes words that begin with two dashes for its own options.
  const wantsJson = given.some((word) => JSON_WORDS.has(word));
  const [nameText = '', typeWord = 'A', ...more] = given.filter((word) => !JSON_WORDS.has(word));
  const read = readName(nameText);
  if (!read.ok) return read.error;
  const type = typeFromText(typeWord);
  if (type === null || more.length > 0) return 'error usage: explain NAME [TYPE] [--json | +json]\n';
  const question = questionOf(read.name, type);
  const trace = new Trace();
  const startedMs = clock.monotonicMs();
  const resolution = await instance.resolver.resolve(question, { trace });
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  const ending = endingOf(resolution);
  const records = recordLines(resolution, clock.unixSeconds());
  if (wantsJson) {
    const head = { question: questionText(question), seconds, ...ending, answer: records };
    return `${JSON.stringify({ ...head, dropped: trace.dropped, events: explainJson(trace.events()) })}\n`;
  }
  const steps = explainText(trace.events(), startedMs);
  const last = `${ending.rcode} ${ending.status}, ${seconds.toFixed(3)} s: ${ending.reason}`;
  return `${questionText(question)}\n${steps}${last}\n${records.map((line) => `  ${line}\n`).join('')}`;
}

function endingOf(resolution: Resolution): { rcode: string; status: string; reason: string } {
  const reason = reasonText(resolution);
  if (resolution.kind === 'failed') return { rcode: 'SERVFAIL', status: 'failed', reason };
  const status = resolution.verdict?.status ?? 'unchecked';
  return { rcode: rcodeText(resolution.rcode), status, reason };
}

function recordLines(resolution: Resolution, now: number): string[] {
  if (resolution.kind === 'failed') return [];
  return [...resolution.answer, ...resolution.authority.filter(({ rrset }) => rrsetType(rrset) === TYPE.SOA)].flatMap(
    ({ rrset, expiresAt }) => {
      const common = { owner: rrsetOwner(rrset), class: rrsetClass(rrset), type: rrsetType(rrset) };
      return rdatasOf(rrset).map((rdata) => formatRecord({ ...common, ttl: Math.max(0, expiresAt - now), rdata }));
    },
  );
}
