/** Why an answer is secure, insecure or bogus: the verdict, who must mend it, the picture of the chain, the tree in words. */

import { type ComponentChild, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Report } from '../../explain/report.ts';
import type { Explained } from '../../web/messages.ts';
import { ask } from './calls.ts';
import { banner, dayText, field, section, type Tone, textOfControl } from './element.ts';
import { Failure } from './failure-view.ts';
import { asciiHost } from './tlsa-view.ts';

const TONES: Readonly<Record<string, Tone>> = { secure: 'good', insecure: 'warn' };

export function explainLink(name: string, type: string): ComponentChild {
  return h('a', { href: `#explain?${new URLSearchParams({ name, type })}` }, `Explain ${name} ${type}`);
}

interface ExplainProps {
  /** Words of the address after `#explain`. */
  readonly query: string;
}

interface State {
  readonly explained: Explained | null;
  readonly isRunning: boolean;
  readonly failure: unknown;
}

const IDLE: State = { explained: null, isRunning: false, failure: null };

export function ExplainView({ query }: ExplainProps): ComponentChild {
  const [name, setName] = useState('');
  const [type, setType] = useState('TLSA');
  const [state, setState] = useState(IDLE);
  const run = async (words: { readonly name: string; readonly type: string }): Promise<void> => {
    setState({ ...IDLE, isRunning: true });
    try {
      setState({ ...IDLE, explained: await ask<Explained>('/api/explain', { ...words, name: asciiHost(words.name) }) });
    } catch (failure) {
      setState({ ...IDLE, failure });
    }
  };
  useEffect(() => {
    const given = new URLSearchParams(query);
    const words = { name: given.get('name') ?? '', type: given.get('type') ?? 'TLSA' };
    if (words.name === '') return;
    setName(words.name);
    setType(words.type);
    void run(words);
  }, [query]);
  const submit = (event: Event): void => {
    event.preventDefault();
    void run({ name: name.trim(), type: type.trim() });
  };
  return h(
    'div',
    null,
    h(
      'p',
      { class: 'lead' },
      'The chain of trust from the anchor to the answer: where it holds, where it broke, and who must mend it.',
    ),
    h(
      'form',
      { class: 'ask', onSubmit: submit },
      field('Name', 'name', words('name', name, setName, { placeholder: '_25._tcp.mx.example.org' })),
      field('Type', 'type', words('type', type, setType, { size: 8 })),
      h('button', { type: 'submit', disabled: state.isRunning }, state.isRunning ? 'Asking …' : 'Explain'),
    ),
    state.failure === null ? null : h(Failure, { failure: state.failure, again: () => void run({ name, type }) }),
    state.explained === null ? null : h(Shown, { explained: state.explained }),
  );
}

/** A control for a name or type. */
function words(id: string, value: string, set: (text: string) => void, more: object): ComponentChild {
  const text = { type: 'text', required: true, autocomplete: 'off', autocapitalize: 'none', spellcheck: false };
  return h('input', { ...text, id, value, onInput: (event: Event) => set(textOfControl(event)), ...more });
}

function Shown({ explained: { report, text, svg, narrowSvg } }: { readonly explained: Explained }): ComponentChild {
  return h(
    'div',
    { role: 'status' },
    banner(
      TONES[report.status] ?? 'bad',
      `${report.question}: ${report.rcode}, ${report.status}`,
      ...remedyLines(report),
    ),
    svg === null ? null : section('Chain of trust', h(Picture, { svg, narrowSvg: narrowSvg ?? svg })),
    section('In words', h('pre', { class: 'tree', tabIndex: 0 }, text)),
  );
}

function remedyLines({ reason, remedy, ede, expiring }: Report): (ComponentChild | null)[] {
  return [
    h('p', null, reason),
    remedy === null ? null : h('p', null, h('b', null, `Who must act: ${remedy.who}. `), remedy.text),
    ede.length === 0
      ? null
      : h('p', { class: 'hint' }, ede.map(({ code, name }) => `extended error ${code} (${name})`).join(', ')),
    expiring.length === 0
      ? null
      : h(
          'p',
          null,
          `Signatures run out soon: ${expiring.map(({ record, expiration }) => `${record} on ${dayText(expiration)}`).join('; ')}`,
        ),
  ];
}

interface PictureProps {
  readonly svg: string;
  readonly narrowSvg: string;
}

/** As images, in which nothing can run, one for wide screens and one for narrow ones; the words below say the same. */
function Picture({ svg, narrowSvg }: PictureProps): ComponentChild {
  const [urls, setUrls] = useState<readonly string[]>([]);
  useEffect(() => {
    const made = [svg, narrowSvg].map((one) => URL.createObjectURL(new Blob([one], { type: 'image/svg+xml' })));
    setUrls(made);
    return () => {
      for (const url of made) URL.revokeObjectURL(url);
    };
  }, [svg, narrowSvg]);
  const [wide, narrow] = urls;
  return h(
    'div',
    { class: 'picture', tabIndex: 0 },
    wide === undefined
      ? null
      : h(
          'picture',
          null,
          h('source', { media: '(max-width: 45rem)', srcset: narrow }),
          h('img', { src: wide, alt: 'The chain of trust as a picture; the words below say the same.' }),
        ),
  );
}
