/** Proves the talk that leads to TLS, with peers that are right, that offer none, and that try to slip words in. */

import { describe, expect, test } from 'vitest';
import { startDialogue } from '../../src/dane/starttls.ts';

/** Feeds replies, one at a time; what is sent in between, and the end. */
function talk(protocol: 'smtp' | 'imap' | 'pop3', pieces: readonly string[]) {
  const dialogue = startDialogue(protocol, 'client.test');
  const sent: string[] = [];
  for (const piece of pieces) {
    const step = dialogue.take(piece);
    if (step.kind !== 'more') return { sent, step };
    if (step.send !== null) sent.push(step.send);
  }
  return { sent, step: null };
}

const OFFER = '250-mx.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n';

describe('SMTP', () => {
  test('goes by EHLO and STARTTLS, however the replies are cut up', () => {
    const pieces = [...`220-mx\r\n220 hello\r\n`, ...OFFER, ...'220 go\r\n'];
    const { sent, step } = talk('smtp', pieces);
    expect(sent).toEqual(['EHLO client.test\r\n', 'STARTTLS\r\n']);
    expect(step).toEqual({ kind: 'ready' });
  });

  test.each([
    ['no offer', ['220 a\r\n', '250-mx\r\n250 PIPELINING\r\n'], 'no-starttls'],
    ['an offer in its name only', ['220 a\r\n', '250 STARTTLS\r\n'], 'no-starttls'],
    ['a refusal', ['220 a\r\n', OFFER, '454 no\r\n'], 'no-starttls'],
    ['a bad greeting', ['554 go away\r\n'], 'protocol'],
    ['no EHLO', ['220 a\r\n', '502 what\r\n'], 'protocol'],
  ])('%s is told', (_what, pieces, how) => {
    expect(talk('smtp', pieces).step).toMatchObject({ kind: 'refused', how });
  });

  test('words in clear after "ready" are refused: they would be taken for words inside TLS', () => {
    expect(talk('smtp', ['220 a\r\n', OFFER, '220 go\r\n250 injected\r\n']).step).toMatchObject({
      kind: 'refused',
      how: 'protocol',
    });
    expect(talk('smtp', ['220 a\r\n', OFFER, '220 go\r\n2']).step).toMatchObject({ kind: 'refused' });
  });

  test('endless replies are ended', () => {
    const pieces = ['220 a\r\n', ...Array.from({ length: 100 }, () => `250-${'x'.repeat(1000)}\r\n`)];
    expect(talk('smtp', pieces).step).toMatchObject({ kind: 'refused', how: 'protocol' });
  });
});

describe('IMAP and POP3', () => {
  test('go by STARTTLS and STLS', () => {
    const imap = talk('imap', ['* OK hello\r\n', '* CAPABILITY IMAP4rev1\r\na OK go\r\n']);
    expect(imap).toEqual({ sent: ['a STARTTLS\r\n'], step: { kind: 'ready' } });
    expect(talk('pop3', ['+OK hello\r\n', '+OK go\r\n'])).toEqual({ sent: ['STLS\r\n'], step: { kind: 'ready' } });
  });

  test('tell a refusal', () => {
    expect(talk('imap', ['* OK hello\r\n', 'a BAD no\r\n']).step).toMatchObject({ how: 'no-starttls' });
    expect(talk('pop3', ['+OK hello\r\n', '-ERR no\r\n']).step).toMatchObject({ how: 'no-starttls' });
    expect(talk('imap', ['* BYE\r\n']).step).toMatchObject({ how: 'protocol' });
  });
});
