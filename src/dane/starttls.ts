/**
 * The talk that leads to TLS: SMTP (RFC 3207), IMAP and POP3 (RFC 2595, RFC 8314). Pure: text in, text out.
 *
 * What a peer sends in clear after it said that it is ready for TLS is refused: somebody on the way may have put it there, to
 * be taken for the peer's own words inside TLS.
 */

import type { Dialogue, DialogueStep } from '../ports/tls-probe.ts';

/** Protocols with a STARTTLS of their own. */
export type StartTlsProtocol = 'smtp' | 'imap' | 'pop3';

/** Characters of a peer's replies before TLS; RFC 5321 §4.5.3.1.5 needs 512 a line. */
const MAX_CHARACTERS = 65_536;

/** One reply and what comes of it; null: not for us, go on reading. */
type Rule = (reply: Reply) => DialogueStep | null;

interface Reply {
  /** The last line. */
  readonly line: string;
  readonly lines: readonly string[];
}

/** Begins a talk. `ehlo`: the name that this host gives itself. */
export function startDialogue(protocol: StartTlsProtocol, ehlo: string): Dialogue {
  switch (protocol) {
    case 'smtp':
      return new RuleDialogue(smtpRules(ehlo), isLastSmtpLine, 'QUIT\r\n');
    case 'imap':
      return new RuleDialogue(imapRules(), () => true, 'z LOGOUT\r\n');
    case 'pop3':
      return new RuleDialogue(pop3Rules(), () => true, 'QUIT\r\n');
  }
}

class RuleDialogue implements Dialogue {
  readonly farewell: string;
  readonly #rules: readonly Rule[];
  readonly #isLast: (line: string) => boolean;
  #at = 0;
  #pending = '';
  #lines: string[] = [];
  #taken = 0;

  constructor(rules: readonly Rule[], isLast: (line: string) => boolean, farewell: string) {
    this.#rules = rules;
    this.#isLast = isLast;
    this.farewell = farewell;
  }

  take(text: string): DialogueStep {
    this.#taken += text.length;
    if (this.#taken > MAX_CHARACTERS) return refused('protocol', 'the server says more than any reply may hold');
    this.#pending += text;
    for (;;) {
      const end = this.#pending.indexOf('\n');
      if (end < 0) return { kind: 'more', send: null };
      const line = this.#pending.slice(0, end).replace(/\r$/, '');
      this.#pending = this.#pending.slice(end + 1);
      this.#lines.push(line);
      if (!this.#isLast(line)) continue;
      const step = this.#rules[this.#at]?.({ line, lines: this.#lines }) ?? null;
      this.#lines = [];
      if (step === null) continue;
      this.#at++;
      if (step.kind === 'ready' && this.#pending !== '')
        return refused('protocol', 'the server says something in clear after it said that it is ready for TLS');
      return step;
    }
  }
}

function refused(how: 'no-starttls' | 'protocol', why: string): DialogueStep {
  return { kind: 'refused', how, why };
}

function say(line: string): DialogueStep {
  return { kind: 'more', send: `${line}\r\n` };
}

/** RFC 5321 §4.2.1: a hyphen after the code says that lines follow. */
function isLastSmtpLine(line: string): boolean {
  return !/^\d{3}-/.test(line);
}

function smtpRules(ehlo: string): readonly Rule[] {
  return [
    ({ line }) => (line.startsWith('220') ? say(`EHLO ${ehlo}`) : refused('protocol', `it greets with: ${line}`)),
    ({ line, lines }) => {
      if (!line.startsWith('250')) return refused('protocol', `it answers EHLO with: ${line}`);
      const offers = lines.slice(1).some((each) => /^250[- ]STARTTLS\s*$/i.test(each));
      return offers ? say('STARTTLS') : refused('no-starttls', 'the server does not offer STARTTLS');
    },
    ({ line }) =>
      line.startsWith('220') ? { kind: 'ready' } : refused('no-starttls', `it answers STARTTLS with: ${line}`),
  ];
}

function imapRules(): readonly Rule[] {
  return [
    ({ line }) => (/^\* OK/i.test(line) ? say('a STARTTLS') : refused('protocol', `it greets with: ${line}`)),
    ({ line }) => {
      if (line.startsWith('* ')) return null;
      return /^a OK/i.test(line) ? { kind: 'ready' } : refused('no-starttls', `it answers STARTTLS with: ${line}`);
    },
  ];
}

function pop3Rules(): readonly Rule[] {
  return [
    ({ line }) => (line.startsWith('+OK') ? say('STLS') : refused('protocol', `it greets with: ${line}`)),
    ({ line }) =>
      line.startsWith('+OK') ? { kind: 'ready' } : refused('no-starttls', `it answers STLS with: ${line}`),
  ];
}
