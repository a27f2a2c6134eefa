/**
 * Session: one daemon (the first argument: unbound or hawser) with every directive that may be given twice given twice. Prints
 * what it answers as one line of JSON. Runs inside a network namespace of its own.
 */

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Session, waitForAnswer } from './daemons.ts';
import {
  type Asked,
  COMMANDS,
  duplicatesConfig,
  NETWORK,
  QUESTIONS,
  SERVER_PORT,
  SERVERS,
  ZONE_FILES,
} from './duplicates-config.ts';
import { findProgram, PROJECT } from './programs.ts';

const OPT_TYPE = 41;
const CLIENT_STRING = 65_001;
/** EDNS strings that the servers were sent, with the port that they came from. */
const seen: { server: string; text: string; port: number }[] = [];

/** Answers each A question with the server's own address, or with 192.0.2.N for a name that begins with aN. */
function serve(ip: string): void {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    let at = 12;
    while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0);
    const question = query.subarray(12, at + 5);
    const number = /^a(\d+)$/.exec(query.subarray(13, 13 + (query[12] ?? 0)).toString('latin1'))?.[1];
    const address = (number === undefined ? ip : `192.0.2.${number}`).split('.').map(Number);
    const isA = question.readUInt16BE(question.length - 4) === 1;
    const head = Buffer.from([0, 0, 0x84, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    query.copy(head, 0, 0, 2);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
    seen.push({ server: ip, text: clientString(query, at + 5), port: from.port });
    socket.send(Buffer.concat([head, question, ...(isA ? [answer] : [])]), from.port, from.address);
  });
  socket.bind(SERVER_PORT, ip);
}

/** The text of the option in the OPT record at an offset; '' when there is none. */
function clientString(query: Buffer, optAt: number): string {
  if (query.length < optAt + 11 || query.readUInt16BE(optAt + 1) !== OPT_TYPE) return '';
  for (let at = optAt + 11; at + 4 <= query.length; at += 4 + query.readUInt16BE(at + 2)) {
    if (query.readUInt16BE(at) === CLIENT_STRING) {
      return query.subarray(at + 4, at + 4 + query.readUInt16BE(at + 2)).toString('latin1');
    }
  }
  return '';
}

/** What dig shows. This process answers meanwhile: it must not wait for dig standing still. */
async function ask([from, at, name, type]: Asked): Promise<string> {
  const words = [`@${at}`, '-b', from, name, type, '+time=4', '+tries=1', '+noall', '+comments', '+answer'];
  const text = await promisify(execFile)('dig', words).then(
    ({ stdout }) => stdout,
    () => '',
  );
  const status = /status: (\w+)/.exec(text)?.[1] ?? 'none';
  const lines = text.split('\n').filter((line) => /\sIN\s/.test(line) && !line.startsWith(';'));
  // Records of a set are turned at each answer.
  return [status, ...lines.map(oneBlank).map(youngTtl).sort()].join('; ');
}

/** The played server gives 60 s; a cached answer may have lost some of them by now. */
function youngTtl(line: string): string {
  return line.replace(/ 5[0-9] IN /, ' 60 IN ');
}

function oneBlank(line: string): string {
  return line.replace(/\s+/g, ' ');
}

/** Lines without what is none of the matter: default zones of later versions, ports, rates of the moment. */
function comparable(line: string): string[] {
  if (/^(?:service|resolver)\.arpa\./.test(line)) return [];
  const rate = /^(\S+) \d+ (limit \d+)$/.exec(line);
  if (rate === null) return [line.replaceAll(`@${SERVER_PORT}`, '')];
  const [, zone = '', limit = ''] = rate;
  return ['rl.example.', 'a.below.example.'].includes(zone) ? [`${zone} ${limit}`] : [];
}

/** Rates are those of this second: zones are asked until both have been listed. */
async function limits(listed: () => readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (let i = 0; i < 20 && found.size < 2; i++) {
    for (const zone of ['rl.example', 'a.below.example']) {
      await ask(['127.0.0.1', '127.0.0.1', `y${i}.${zone}`, 'A']);
      for (const line of listed()) found.add(line);
    }
  }
  return [...found].sort();
}

async function run(program: string): Promise<void> {
  const session = new Session();
  const controlSocket = join(session.folder, 'control');
  for (const [name, text] of Object.entries(ZONE_FILES)) session.file(name, text);
  const config = session.file('duplicates.conf', duplicatesConfig(session.folder, controlSocket));
  for (const last of [2, 3, 4, 5, 9]) execFileSync('ip', ['addr', 'add', `${NETWORK}.${last}/24`, 'dev', 'lo']);
  for (const server of SERVERS) serve(server);
  const command = program === 'unbound' ? (findProgram('unbound') as string) : join(PROJECT, 'bin/hawserd');
  session.start('daemon', command, ['-d', '-c', config]);
  await waitForAnswer('127.0.0.1', 53, 'version.server CH TXT');
  const answers: Record<string, string> = {};
  for (const asked of QUESTIONS) answers[asked.join(' ')] = await ask(asked);
  const shown: Record<string, string[]> = {};
  const listed = (words: string): string[] => {
    const { stdout } = spawnSync('unbound-control', ['-c', config, ...words.split(' ')], { encoding: 'utf8' });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map(oneBlank).flatMap(comparable);
  };
  for (const words of COMMANDS) {
    if (!words.startsWith('ratelimit_list')) shown[words] = listed(words).sort();
    else shown[words] = await limits(() => listed(words));
  }
  const strings = [...new Set(seen.filter(({ server }) => server === SERVERS[0]).map(({ text }) => text))];
  const ports = seen.every(({ port }) => port >= 20_000 && port <= 20_100);
  await session.stop();
  process.stdout.write(JSON.stringify({ answers, shown, strings, ports }), () => process.exit(0));
}

await run(process.argv[2] ?? 'hawser');
