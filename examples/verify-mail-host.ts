/**
 * Verifies a mail host by DANE before anything is sent: its addresses by Hawser's `lookup`, STARTTLS, then `verifyDane`.
 * Run: node verify-mail-host.ts MAIL-HOST [UNBOUND.CONF]
 */

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { certificatesOf, createResolver } from 'hawser';

const [host = '', config] = process.argv.slice(2);
const created = await createResolver(config === undefined ? {} : { config });
if (!created.ok) throw new Error(created.why.join('\n'));
const { resolver } = created;

/** Says a line and waits for the reply to it. */
function say(socket: Socket, line: string | null): Promise<string> {
  if (line !== null) socket.write(`${line}\r\n`);
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (piece: Buffer): void => {
      text += piece.toString('latin1');
      if (!/^\d{3} .*\r\n$/m.test(text)) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData).once('error', reject);
  });
}

const socket = connect({ host, port: 25, lookup: resolver.lookup });
await say(socket, null);
await say(socket, 'EHLO client.test');
await say(socket, 'STARTTLS');
const tls = connectTls({ socket, servername: host, rejectUnauthorized: false, ca: [] });
await new Promise((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
const verdict = await resolver.verifyDane(host, 25, certificatesOf(tls));
console.log(JSON.stringify(verdict));
tls.end('QUIT\r\n');
resolver.close();
process.exit(verdict.kind === 'verified' ? 0 : 1);
