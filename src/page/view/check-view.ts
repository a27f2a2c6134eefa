/** The DANE check of a domain, with each step as it is done. */

import { type ComponentChild, h } from 'preact';
import { useState } from 'preact/hooks';
import type { CheckLines, HostLines, StatusLine } from '../../dane/report.ts';
import { askForSteps } from './calls.ts';
import { badge, banner, dayText, field, section, sentences, type Tone, textOfControl } from './element.ts';
import { explainLink } from './explain-view.ts';
import { Failure } from './failure-view.ts';
import { asciiHost } from './tlsa-view.ts';

const ENDS: Readonly<Record<CheckLines['end'], readonly [Tone, string]>> = {
  good: ['good', 'DANE works'],
  failed: ['bad', 'DANE is broken'],
  'no-dane': ['warn', 'no DANE'],
  untested: ['warn', 'could not be tested'],
};
const STATUS_TONES: Readonly<Record<string, Tone>> = { secure: 'good', insecure: 'warn', bogus: 'bad', failed: 'bad' };
const FATES = { delivered: 'good', deferred: 'bad', bounced: 'bad' } as const;
const HOST_TONES: Readonly<Record<string, Tone>> = {
  verified: 'good',
  usable: 'good',
  'no-dane': 'warn',
  unusable: 'warn',
  unreachable: 'warn',
  'no-address': 'warn',
};

interface Step {
  readonly text: string;
  readonly isDone: boolean;
}

interface State {
  readonly steps: readonly Step[];
  readonly result: CheckLines | null;
  readonly isRunning: boolean;
  readonly failure: unknown;
}

const IDLE: State = { steps: [], result: null, isRunning: false, failure: null };

export function CheckView(): ComponentChild {
  const [target, setTarget] = useState('');
  const [state, setState] = useState(IDLE);
  const run = async (): Promise<void> => {
    setState({ ...IDLE, isRunning: true });
    const change = (more: Partial<State>): void => setState((before) => ({ ...before, ...more }));
    try {
      for await (const message of askForSteps<CheckLines>('/api/check', { target: asciiHost(target.trim()) })) {
        if (message.kind === 'result') change({ result: message.result });
        else if (message.kind === 'step') {
          const { id, text, isDone } = message;
          setState((before) => ({ ...before, steps: Object.assign([...before.steps], { [id]: { text, isDone } }) }));
        }
      }
      change({ isRunning: false });
    } catch (failure) {
      change({ isRunning: false, failure });
    }
  };
  const input = h('input', {
    id: 'domain',
    type: 'text',
    required: true,
    placeholder: 'example.org',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: false,
    value: target,
    'aria-describedby': 'domain-hint',
    onInput: (event: Event) => setTarget(textOfControl(event)),
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    void run();
  };
  return h(
    'div',
    null,
    h(
      'p',
      { class: 'lead' },
      'Looks at a mail domain as a sending server does: MX, addresses, TLSA records and their proofs, STARTTLS and certificates.',
    ),
    h(
      'form',
      { class: 'ask', onSubmit: submit },
      field('Mail domain', 'domain', input, 'Or one service, as HOST:PORT.'),
      h('button', { type: 'submit', disabled: state.isRunning }, state.isRunning ? 'Looking …' : 'Check'),
    ),
    state.failure === null ? null : h(Failure, { failure: state.failure, again: () => void run() }),
    state.result === null ? null : h(Result, { check: state.result }),
    state.steps.length === 0 ? null : h(Steps, { state }),
  );
}

function Steps({ state: { steps, isRunning } }: { readonly state: State }): ComponentChild {
  const done = steps.filter((step) => step?.isDone).length;
  const list = h(
    'ol',
    { class: 'steps' },
    steps.map((step) => h('li', { class: step.isDone ? 'done' : 'open' }, step.text, step.isDone ? '' : ' …')),
  );
  const summary = `${done} of ${steps.length} steps done`;
  return h(
    'section',
    { class: 'card' },
    h('p', { role: 'status', class: 'hint' }, isRunning ? `${summary} …` : summary),
    isRunning ? list : h('details', null, h('summary', null, 'Steps'), list),
  );
}

function Result({ check }: { readonly check: CheckLines }): ComponentChild {
  const [tone, words] = ENDS[check.end];
  return h(
    'div',
    { role: 'status' },
    banner(tone, `${check.name}: ${words}`, check.mail === null ? null : mailLines(check.mail, check.name)),
    check.hosts.map((host) => h(Host, { host, key: `${host.host}:${host.port}` })),
  );
}

function mailLines(mail: NonNullable<CheckLines['mail']>, name: string): ComponentChild | null {
  const lines = [
    `MX ${statusWords(mail)}${mail.isImplicit ? '; there are none, so the domain is its own mail host' : ''}`,
    ...(mail.route === 'null-mx' ? ['the domain takes no mail (null MX)'] : []),
    ...(mail.route === 'no-domain' ? ['there is no such domain'] : []),
    ...(mail.postfix === null ? [] : [`Postfix: ${mail.postfix.fate}: ${mail.postfix.words}`]),
    ...(mail.mtaSts === null ? [] : [`MTA-STS policy ${mail.mtaSts}; DANE goes first`]),
    ...(mail.tlsReports.length === 0 ? [] : [`TLS reports go to ${mail.tlsReports.join(', ')}`]),
  ];
  const isBad = mail.status === 'bogus' || mail.status === 'failed';
  return h('div', null, sentences(lines), isBad ? explainLink(name, 'MX') : null);
}

function statusWords({ status, why, aliases }: StatusLine): string {
  return `${status}${why === null ? '' : ` (${why})`}${aliases.length === 0 ? '' : `, by the alias ${aliases.join(', ')}`}`;
}

function Host({ host }: { readonly host: HostLines }): ComponentChild {
  const { addresses, tlsa, postfix, verdict } = host;
  return section(
    `${host.host}, port ${host.port}`,
    h('p', null, badge(HOST_TONES[verdict] ?? 'bad', host.sentence)),
    h(
      'dl',
      null,
      h('dt', null, 'Addresses'),
      h(
        'dd',
        null,
        badge(STATUS_TONES[addresses.status] ?? 'plain', statusWords(addresses)),
        ' ',
        addresses.ips.join(', '),
      ),
      tlsa.found === 'not-reached' ? null : [h('dt', null, 'TLSA'), h('dd', null, tlsaPart(host))],
      host.connections.map((one) => [
        h('dt', null, one.ip),
        h(
          'dd',
          null,
          one.failure === null ? one.tls : badge('bad', one.failure),
          one.matches.map(({ record, matched, text }) =>
            h('p', null, badge(matched ? 'good' : 'plain', text), ' ', h('code', null, record)),
          ),
          one.chain.length === 0 ? null : certificates(one.chain),
        ),
      ]),
      postfix === null
        ? null
        : [
            h('dt', null, 'Postfix, dane'),
            h('dd', null, badge(FATES[postfix.dane.fate], postfix.dane.fate), ' ', h('q', null, postfix.dane.words)),
            h('dt', null, 'Postfix, dane-only'),
            h(
              'dd',
              null,
              badge(FATES[postfix.daneOnly.fate], postfix.daneOnly.fate),
              ' ',
              h('q', null, postfix.daneOnly.words),
            ),
          ],
    ),
  );
}

function tlsaPart({ tlsa, host, port }: HostLines): ComponentChild {
  if (tlsa.found !== 'records') {
    const isBroken = tlsa.found === 'broken';
    const owner = `_${port}._tcp.${tlsa.base ?? host}`;
    return h(
      'div',
      null,
      badge(isBroken ? 'bad' : 'warn', tlsa.why ?? 'none'),
      ' ',
      isBroken ? explainLink(owner, 'TLSA') : null,
    );
  }
  const records = tlsa.records.map(({ record, association, usable, why }) =>
    h('li', null, h('code', { title: association }, record), usable ? null : badge('warn', `cannot be used: ${why}`)),
  );
  return h(
    'div',
    null,
    badge('good', `secure, TTL ${tlsa.ttl}`),
    h('ul', { class: 'facts' }, records),
    sentences([...tlsa.remarks, ...tlsa.servers]),
  );
}

function certificates(chain: HostLines['connections'][number]['chain']): ComponentChild {
  const lines = chain.map(
    ({ subject, names, notAfter }) =>
      `${subject}${names.length > 0 ? ` for ${names.join(', ')}` : ''}, until ${dayText(notAfter)}`,
  );
  return h('details', null, h('summary', null, `${chain.length} certificates`), sentences(lines, 'facts'));
}
