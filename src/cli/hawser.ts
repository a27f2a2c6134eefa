/** The program for people: `hawser SUBCOMMAND`. */

import { PROGRAM_VERSION } from '../daemon/version.ts';
import { daneCommand } from './dane-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { explainCommand } from './explain-command.ts';
import { resolvconfCommand } from './resolvconf-command.ts';
import { refuseWords, type Subcommand } from './subcommand.ts';
import { tlsaCommand } from './tlsa-command.ts';
import { traceCommand } from './trace-command.ts';
import { webCommand } from './web-command.ts';

const COMMANDS: readonly Subcommand[] = [
  explainCommand,
  traceCommand,
  daneCommand,
  tlsaCommand,
  doctorCommand,
  resolvconfCommand,
  webCommand,
];

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === '-V' || name === '--version') return tell(`${PROGRAM_VERSION}\n`);
  if (name === undefined || name === '-h' || name === '--help' || name === 'help') return tell(listText());
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) return refuseWords('', `no subcommand ${name}`);
  if (rest.includes('-h') || rest.includes('--help')) return tell(command.usage);
  return command.run(rest);
}

function tell(text: string): number {
  process.stdout.write(text);
  return 0;
}

function listText(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}\n`);
  return `Usage: hawser SUBCOMMAND [OPTION ...]\n${lines.join('')}hawser SUBCOMMAND -h tells more.\n`;
}

// At once: a question that is still under way is nobody's any more.
void main(process.argv.slice(2)).then((status) => process.exit(status));
