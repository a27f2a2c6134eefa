/** What is shown when a call failed; where the token is missing, a place for it. */

import { type ComponentChild, h } from 'preact';
import { useState } from 'preact/hooks';
import { CallFailure, keepToken } from './calls.ts';
import { banner, field, textOfControl } from './element.ts';

interface FailureProps {
  readonly failure: unknown;
  /** The token was given: try again. */
  readonly again: () => void;
}

export function Failure({ failure, again }: FailureProps): ComponentChild {
  const [token, setToken] = useState('');
  if (!(failure instanceof CallFailure) || !failure.needsToken)
    return h('div', { role: 'alert' }, banner('bad', 'That did not work', h('p', null, (failure as Error).message)));
  const submit = (event: Event): void => {
    event.preventDefault();
    keepToken(token);
    again();
  };
  const input = h('input', {
    id: 'token',
    type: 'text',
    autocomplete: 'off',
    spellcheck: false,
    value: token,
    'aria-describedby': 'token-hint',
    onInput: (event: Event) => setToken(textOfControl(event)),
  });
  return h(
    'form',
    { class: 'card', onSubmit: submit },
    h('div', { role: 'alert' }, banner('warn', 'This part needs the token')),
    field(
      'Token',
      'token',
      input,
      'It is in the address that hawser web printed, and that hawser-control page_address prints.',
    ),
    h('button', { type: 'submit' }, 'Go on'),
  );
}
