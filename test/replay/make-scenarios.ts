/**
 * `node test/replay/make-scenarios.ts`: writes the signed scenarios of this folder anew from the stories in
 * scenario-stories.ts.
 *
 * A story is played against the test world, with and without minimised questions; what the servers said goes into the
 * scenario, and so do the answers, after they have been compared with what the story expects. So the files hold real
 * signatures at a fixed date and can be played by any resolver that reads the format.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ipText, parseIp } from '../../src/wire/ip.ts';
import { parentOf } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, RCODE, rcodeText } from '../../src/wire/rcode.ts';
import { formatRecord } from '../../src/wire/record-text.ts';
import { typeFromText, typeText } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';
import { InhabitedWorld, worldConfigLines } from '../world/inhabited-world.ts';
import { KeyStore } from '../world/keys.ts';
import { World } from '../world/world.ts';
import { STORIES, STORY_START_DATE, STORY_START_SECONDS, type Story, type StoryStep } from './scenario-stories.ts';
import { flagsText, SeenMessage, type SeenRecord } from './seen-message.ts';

const SCENARIOS = join(import.meta.dirname, 'scenarios');
const DO_BIT = 0x8000;

/** What one server said to one question. */
interface Said {
  readonly ip: string;
  readonly transport: 'udp' | 'tcp';
  readonly seen: SeenMessage;
}

const keys = new KeyStore();
for (const story of STORIES) {
  const said = new Map<string, Said>();
  await play(story, said, false);
  const answers = await play(story, said, true);
  noteLikelyQuestions(story, said);
  writeFileSync(join(SCENARIOS, `${story.name}.rpl`), scenarioText(story, said, answers));
  console.log(`${story.name}: ${said.size} upstream answers`);
}

function configLines(story: Story, world: World, minimises: boolean): string[] {
  return [
    ...worldConfigLines(world),
    'server:',
    `\tval-override-date: "${STORY_START_DATE}"`,
    '\ttarget-fetch-policy: "0 0 0 0 0"',
    `\tqname-minimisation: ${minimises ? 'yes' : 'no'}`,
    '\tede: yes',
    ...(story.config ?? []).map((line) => `\t${line}`),
  ];
}

async function play(story: Story, said: Map<string, Said>, minimises: boolean): Promise<SeenMessage[]> {
  const ports = makeFakePorts({ startUnixSeconds: STORY_START_SECONDS });
  ports.clock.calendarStands = true;
  const world = new World({ now: STORY_START_SECONDS, keys });
  story.build(world);
  serveAndNote(world, ports, said);
  const config = [...configLines(story, world, minimises), 'server:', '\tdiscard-timeout: 0'];
  const inhabited = await InhabitedWorld.start(ports, config);
  const answers: SeenMessage[] = [];
  for (const step of story.steps) {
    const answer = await inhabited.ask(step.name, step.type, { isUnchecked: step.isUnchecked ?? false });
    const problem = unexpected(step, answer);
    if (problem !== null) throw new Error(`${story.name}, ${step.name} ${step.type}: ${problem}\n${ports.log.text()}`);
    answers.push(answer);
  }
  await inhabited.stop();
  return answers;
}

function serveAndNote(world: World, ports: FakePorts, said: Map<string, Said>): void {
  for (const ip of world.ips()) {
    ports.servers.serve(ip, (query) => {
      const reply = world.reply({ query: query.bytes, ip, transport: query.transport });
      if (reply === null) return;
      query.reply(reply);
      const seen = new SeenMessage(reply);
      const [asked] = seen.questions;
      if (asked === undefined) return;
      said.set(`${ip} ${query.transport} ${formatName(asked.name)} ${asked.type}`, {
        ip,
        transport: query.transport,
        seen,
      });
    });
  }
}

/** What other resolvers ask on the same way: minimised names, addresses of servers, keys. */
function noteLikelyQuestions(story: Story, said: Map<string, Said>): void {
  const world = new World({ now: STORY_START_SECONDS, keys });
  story.build(world);
  const questions = world.zones().flatMap(({ name, spec }) => [
    [name, 'DNSKEY'],
    [name, 'DS'],
    [name, 'NS'],
    ...Object.keys(spec.servers).flatMap((host) => [
      [host, 'A'],
      [host, 'AAAA'],
    ]),
  ]);
  for (const { name } of story.steps) {
    for (let at = mustParseName(name); at.length > 1; at = parentOf(at)) questions.push([formatName(at), 'A']);
  }
  for (const ip of world.ips()) {
    for (const [name = '.', type = 'A'] of questions) {
      const question = questionOf(mustParseName(name), typeFromText(type) ?? 0);
      const key = `${ip} udp ${name} ${question.type}`;
      if (said.has(key)) continue;
      const query = buildQuery({ id: 1, question, flags: 0, edns: { udpSize: 4096, doBit: true } });
      const reply = world.reply({ query, ip, transport: 'udp' });
      const seen = reply === null ? null : new SeenMessage(reply);
      if (seen !== null && seen.rcode !== RCODE.REFUSED) said.set(key, { ip, transport: 'udp', seen });
    }
  }
}

function unexpected(step: StoryStep, answer: SeenMessage): string | null {
  if (rcodeText(answer.rcode) !== step.rcode) return `${rcodeText(answer.rcode)} instead of ${step.rcode}`;
  if (((answer.flags & FLAG.AD) !== 0) !== step.isAuthentic) return 'AD is not as expected';
  const types = answer.answer.map(({ type }) => typeText(type)).join(' ');
  if (types !== (step.answer ?? '')) return `answer has ${types} instead of ${step.answer ?? 'nothing'}`;
  const code = answer.opt?.options.find((option) => option.code === 15)?.data[1] ?? null;
  return code === (step.ede ?? null) ? null : `EDE ${code} instead of ${step.ede ?? null}`;
}

function scenarioText(story: Story, said: ReadonlyMap<string, Said>, answers: readonly SeenMessage[]): string {
  const world = new World({ now: STORY_START_SECONDS, keys });
  story.build(world);
  const lines = ['; Made by test/replay/make-scenarios.ts out of its story; do not edit.'];
  lines.push(...configLines(story, world, true), 'CONFIG_END', '', `SCENARIO_BEGIN ${story.title}`, '');
  const byIp = Map.groupBy(said.values(), ({ ip }) => ip);
  for (const [ip, exchanges] of [...byIp].sort()) {
    lines.push('RANGE_BEGIN 0 1000', `\tADDRESS ${ipText(parseIp(ip) ?? new Uint8Array())}`);
    for (const exchange of exchanges) lines.push(...entryLines(exchange));
    lines.push('RANGE_END', '');
  }
  story.steps.forEach((step, i) => {
    const answer = answers[i];
    if (answer !== undefined) lines.push(...stepLines(step, answer, (i + 1) * 10));
  });
  return `${lines.join('\n')}\nSCENARIO_END\n`;
}

function entryLines({ transport, seen }: Said): string[] {
  const flags = flagsText(seen.flags & ~(FLAG.RD | FLAG.CD));
  return [
    'ENTRY_BEGIN',
    `MATCH opcode qtype qname ${transport.toUpperCase()}`,
    'ADJUST copy_id copy_query',
    `REPLY ${flags} ${rcodeText(seen.rcode)}`,
    ...sectionLines(seen),
    'ENTRY_END',
  ];
}

function stepLines(step: StoryStep, answer: SeenMessage, number: number): string[] {
  const isChecked = step.isUnchecked !== true;
  const ede = step.ede === undefined ? '' : ` ede=${step.ede}`;
  return [
    `STEP ${number} QUERY`,
    'ENTRY_BEGIN',
    `REPLY RD ${isChecked ? '' : 'CD '}DO`,
    'SECTION QUESTION',
    `${step.name} IN ${step.type}`,
    'ENTRY_END',
    '',
    `STEP ${number + 1} CHECK_ANSWER`,
    'ENTRY_BEGIN',
    `MATCH all${ede}`,
    `REPLY ${flagsText(answer.flags)} ${(answer.opt?.flags ?? 0) & DO_BIT ? 'DO ' : ''}${rcodeText(answer.rcode)}`,
    ...sectionLines(answer),
    'ENTRY_END',
    '',
  ];
}

function sectionLines(message: SeenMessage): string[] {
  const lines = ['SECTION QUESTION'];
  for (const { name, type } of message.questions) lines.push(`${formatName(name)} IN ${typeText(type)}`);
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (message[section].length > 0) lines.push(`SECTION ${section.toUpperCase()}`);
    for (const record of message[section]) lines.push(formatRecord(asResource(record)));
  }
  return lines;
}

function asResource({ name, ...rest }: SeenRecord): ResourceRecord {
  return { owner: name, ...rest };
}
