/**
 * Sends a message with nodemailer straight to a mail host, by DANE: without a certificate that matches the host's TLSA records
 * nothing is sent. Run: node send-mail.ts MAIL-HOST RECIPIENT [UNBOUND.CONF]
 */

import { createResolver } from 'hawser';
import { createTransport } from 'nodemailer';

const [host = '', recipient = '', config] = process.argv.slice(2);
const created = await createResolver(config === undefined ? {} : { config });
if (!created.ok) throw new Error(created.why.join('\n'));
const { resolver } = created;

const transport = createTransport({
  host,
  port: 25,
  name: 'client.test',
  getSocket: resolver.mailSocket('dane'),
  // Where there is no DANE: TLS as it comes, with whatever certificate.
  tls: { rejectUnauthorized: false },
});
try {
  const { response } = await transport.sendMail({ from: 'me@client.test', to: recipient, subject: 'x', text: 'x' });
  console.log(response);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.log(`${code}: ${message}`);
  process.exitCode = 1;
}
transport.close();
resolver.close();
