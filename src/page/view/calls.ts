/** Calls to the page's own server, with the token that came with the address. */

import type { StepMessage } from '../../web/messages.ts';

const KEY = 'hawser-token';

/** The token, out of the address, where nobody else sees it, or of this tab; empty: there is none. */
export function takeToken(): string {
  const given = /^#token=([\x21-\x7e]+)$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    sessionStorage.setItem(KEY, given);
    // Out of the history and of the address bar.
    history.replaceState(null, '', '#tlsa');
  }
  return sessionStorage.getItem(KEY) ?? '';
}

/** Keeps a token for this tab. */
export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token.trim().replace(/^.*#token=/, ''));
}

/** What went wrong, for people. */
export class CallFailure extends Error {
  readonly needsToken: boolean;

  constructor(text: string, needsToken = false) {
    super(text);
    this.needsToken = needsToken;
  }
}

async function call(path: string, words: Readonly<Record<string, string>> | null): Promise<Response> {
  const headers = {
    Authorization: `Bearer ${sessionStorage.getItem(KEY) || 'none'}`,
    'Content-Type': 'application/json',
  };
  const post = { method: 'POST', headers, body: JSON.stringify(words) };
  let response: Response;
  try {
    response = await fetch(path, words === null ? { headers } : post);
  } catch {
    throw new CallFailure('the server of this page does not answer: does hawser web still run?');
  }
  if (response.ok) return response;
  const text = ((await response.json().catch(() => ({}))) as { readonly error?: string }).error;
  throw new CallFailure(text ?? `the server said ${response.status}`, response.status === 401);
}

/** One reply; throws CallFailure. */
export async function ask<T>(path: string, words: Readonly<Record<string, string>> | null): Promise<T> {
  return (await (await call(path, words)).json()) as T;
}

/** A reply that comes in lines, each as it is there; throws CallFailure. */
export async function* askForSteps<T>(
  path: string,
  words: Readonly<Record<string, string>>,
): AsyncGenerator<StepMessage<T>, void> {
  const { body } = await call(path, words);
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as StepMessage<T>;
      if (message.kind === 'error') throw new CallFailure(message.text);
      yield message;
    }
  }
}
