/** A place to paste a PEM text, drop a file, or choose one. */

import { type ComponentChild, h } from 'preact';
import { useState } from 'preact/hooks';
import { MAX_FILE_OCTETS } from '../read-material.ts';
import { textOfControl } from './element.ts';

interface MaterialProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly onContent: (content: Uint8Array) => void;
}

export function MaterialInput({ id, label, hint, onContent }: MaterialProps): ComponentChild {
  const [text, setText] = useState('');
  const [name, setName] = useState('');
  const [isOver, setOver] = useState(false);
  const take = async (file: File | undefined, dropped: string): Promise<void> => {
    if (file === undefined) return;
    // One octet more, so that what is too large is said to be so.
    const octets = new Uint8Array(await file.slice(0, MAX_FILE_OCTETS + 1).arrayBuffer());
    const start = new TextDecoder('latin1').decode(octets.subarray(0, 65_536));
    setName(dropped);
    setText(start.includes('-----BEGIN') ? new TextDecoder('latin1').decode(octets) : '');
    onContent(octets);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer?.files[0], event.dataTransfer?.files[0]?.name ?? '');
  };
  const onInput = (event: Event): void => {
    setText(textOfControl(event));
    setName('');
    onContent(new TextEncoder().encode(textOfControl(event)));
  };
  return h(
    'div',
    {
      class: isOver ? 'field drop over' : 'field drop',
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: drop,
    },
    h('label', { for: id }, label),
    h('textarea', {
      id,
      rows: 5,
      value: text,
      placeholder: '-----BEGIN CERTIFICATE-----',
      spellcheck: false,
      autocomplete: 'off',
      'aria-describedby': `${id}-hint`,
      onInput,
    }),
    h(
      'div',
      { class: 'row end' },
      h('label', { class: 'file', for: `${id}-file` }, 'or a file: '),
      h('input', {
        id: `${id}-file`,
        type: 'file',
        onChange: (event: Event) => void take((event.currentTarget as HTMLInputElement).files?.[0], ''),
      }),
      name === '' ? null : h('span', { class: 'hint' }, `read ${name}`),
    ),
    h('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
}
