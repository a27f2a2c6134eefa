/** The TLSA generator: everything happens in this page. */

import { type ComponentChild, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RecordForm } from '../../dane/make-record.ts';
import { type Generated, generateTlsa } from '../generate.ts';
import { banner, field, section, sentences, textOfControl } from './element.ts';
import { MaterialInput } from './material-input.ts';

/** What is in the form, as it was typed. */
interface Typed {
  readonly current: Uint8Array;
  readonly next: Uint8Array;
  readonly host: string;
  readonly port: string;
  readonly protocol: string;
  readonly usage: string;
  readonly selector: string;
  readonly matchingType: string;
  readonly ttl: string;
  readonly form: string;
}

const EMPTY: Typed = {
  current: new Uint8Array(),
  next: new Uint8Array(),
  host: '',
  port: '25',
  protocol: 'tcp',
  usage: '3',
  selector: '1',
  matchingType: '1',
  ttl: '3600',
  form: 'zone',
};

const CHOICES = {
  usage: [
    ['3', '3 · the host’s own certificate or key (DANE-EE)'],
    ['2', '2 · the authority that issued it (DANE-TA)'],
    ['1', '1 · the host’s, with a public authority (PKIX-EE)'],
    ['0', '0 · a public authority (PKIX-TA)'],
  ],
  selector: [
    ['1', '1 · public key'],
    ['0', '0 · whole certificate'],
  ],
  matchingType: [
    ['1', '1 · SHA2-256'],
    ['2', '2 · SHA2-512'],
    ['0', '0 · in full'],
  ],
  protocol: [
    ['tcp', 'tcp'],
    ['udp', 'udp'],
    ['sctp', 'sctp'],
  ],
  form: [
    ['zone', 'line of a zone file'],
    ['generic', 'TYPE52, for old servers (RFC 3597)'],
    ['nsupdate', 'commands for nsupdate'],
  ],
} as const;

export function TlsaView(): ComponentChild {
  const [typed, setTyped] = useState(EMPTY);
  const [made, setMade] = useState<Generated | null>(null);
  useEffect(() => {
    let isStale = false;
    void generate(typed).then((result) => {
      if (!isStale) setMade(result);
    });
    return () => {
      isStale = true;
    };
  }, [typed]);
  const set = (more: Partial<Typed>): void => setTyped((before) => ({ ...before, ...more }));
  return h(
    'div',
    null,
    h(
      'p',
      { class: 'lead' },
      'Makes the record that says which certificate your mail host shows. Nothing leaves this page: what you paste or drop is read by your browser.',
    ),
    h(MaterialInput, {
      id: 'current',
      label: 'Certificate, chain, request or key',
      hint: 'PEM or DER. With usage 2 give the chain. Of a private key only the public half is used.',
      onContent: (current: Uint8Array) => set({ current }),
    }),
    h('div', { class: 'grid' }, inputs(typed, set), choices(typed, set)),
    h(
      'details',
      null,
      h('summary', null, 'Roll-over: the next key too'),
      h(MaterialInput, {
        id: 'next',
        label: 'Next certificate or key',
        hint: 'Publish both records two TTLs before the host shows the new one.',
        onContent: (next: Uint8Array) => set({ next }),
      }),
    ),
    h(Made, { made }),
  );
}

type Set = (more: Partial<Typed>) => void;

function inputs(typed: Typed, set: Set): ComponentChild {
  const input = (name: 'host' | 'port' | 'ttl', more: Readonly<Record<string, unknown>>): ComponentChild =>
    h('input', {
      id: name,
      value: typed[name],
      onInput: (event: Event) => set({ [name]: textOfControl(event) }),
      ...more,
    });
  const host = input('host', {
    type: 'text',
    placeholder: 'mx.example.org',
    autocomplete: 'off',
    spellcheck: false,
    'aria-describedby': 'host-hint',
  });
  const number = { type: 'number', min: 0, inputMode: 'numeric' };
  return h(
    'div',
    { class: 'fields' },
    field('Host', 'host', host, 'The name in the MX record.'),
    h(
      'div',
      { class: 'row' },
      field('Port', 'port', input('port', { ...number, max: 65_535 })),
      field('Protocol', 'protocol', select(typed, set, 'protocol')),
      field('TTL, seconds', 'ttl', input('ttl', number)),
    ),
    field('Output', 'form', select(typed, set, 'form')),
  );
}

function choices(typed: Typed, set: Set): ComponentChild {
  return h(
    'div',
    { class: 'fields' },
    field('Usage', 'usage', select(typed, set, 'usage')),
    field('Selector', 'selector', select(typed, set, 'selector')),
    field(
      'Matching type',
      'matchingType',
      select(typed, set, 'matchingType'),
      '3 1 1 is right for nearly everybody: it stays the same while the key does.',
    ),
  );
}

function select(typed: Typed, set: Set, name: keyof typeof CHOICES): ComponentChild {
  const options = CHOICES[name].map(([value, text]) => h('option', { value }, text));
  return h(
    'select',
    { id: name, value: typed[name], onChange: (event: Event) => set({ [name]: textOfControl(event) }) },
    options,
  );
}

/** Null: nothing is given yet. */
async function generate(typed: Typed): Promise<Generated | null> {
  if (typed.current.length === 0) return null;
  return await generateTlsa({
    current: typed.current,
    next: typed.next.length === 0 ? null : typed.next,
    host: asciiHost(typed.host.trim()),
    port: /^\d+$/.test(typed.port) ? Number(typed.port) : -1,
    protocol: typed.protocol,
    usage: Number(typed.usage),
    selector: Number(typed.selector),
    matchingType: Number(typed.matchingType),
    ttl: /^\d+$/.test(typed.ttl) ? Number(typed.ttl) : -1,
    form: typed.form as RecordForm,
    now: Math.floor(Date.now() / 1000),
  });
}

/** An internationalised name as the DNS has it. */
export function asciiHost(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  try {
    return new URL(`http://${text}`).hostname;
  } catch {
    return text;
  }
}

function Made({ made }: { readonly made: Generated | null }): ComponentChild {
  const [copied, setCopied] = useState<string | null>(null);
  const text = made?.ok === true ? made.text : '';
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(
      () => setCopied(text),
      () => setCopied(null),
    );
  };
  const body =
    made === null
      ? h('p', { class: 'hint' }, 'Give a certificate or key above, and the host.')
      : !made.ok
        ? banner('bad', made.why)
        : h(
            'div',
            null,
            h('pre', { class: 'record', tabIndex: 0, id: 'made' }, made.text),
            h('button', { type: 'button', onClick: copy }, copied === text ? 'Copied' : 'Copy'),
            made.warnings.length === 0 ? null : banner('warn', 'Look at this first', sentences(made.warnings)),
            h('h3', null, 'Made from'),
            sentences(made.facts, 'facts'),
          );
  return h('div', { 'aria-live': 'polite' }, section('Record', body));
}
