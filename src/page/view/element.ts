/** Short forms for elements of the page. */

import { type ComponentChild, type ComponentChildren, h } from 'preact';

/** How something stands, with a mark beside the colour, since not everybody sees colours. */
export type Tone = 'good' | 'warn' | 'bad' | 'plain';

const MARKS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕', plain: '·' };

/** A word with its mark and colour. */
export function badge(tone: Tone, text: string): ComponentChild {
  return h('span', { class: `badge ${tone}` }, h('span', { 'aria-hidden': 'true' }, MARKS[tone]), ' ', text);
}

/** The line on top of a result. */
export function banner(tone: Tone, title: string, ...more: ComponentChildren[]): ComponentChild {
  const mark = h('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[tone]);
  return h('div', { class: `banner ${tone}` }, mark, h('div', null, h('strong', null, title), ...more));
}

export function field(label: string, id: string, control: ComponentChild, hint: string | null = null): ComponentChild {
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    control,
    hint === null ? null : h('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
}

/** A list of sentences; nothing when there are none. */
export function sentences(lines: readonly string[], kind = 'sentences'): ComponentChild | null {
  return lines.length === 0
    ? null
    : h(
        'ul',
        { class: kind },
        lines.map((line) => h('li', null, line)),
      );
}

/** A part of a view with its heading. */
export function section(title: string, ...children: ComponentChildren[]): ComponentChild {
  return h('section', { class: 'card' }, h('h2', null, title), ...children);
}

/** The value of the control that an event came from. */
export function textOfControl(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value;
}

/** `14:05`, local time. */
export function timeText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** A day, as in files. */
export function dayText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10);
}
