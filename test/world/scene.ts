/**
 * A scene of a test: a small internet with real signatures, servers that may lie in any way, and a whole resolver that has to
 * cope. Says what came back in the words that tests speak: rcode, AD, data, extended errors.
 */

import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import type { ResolverInstance } from '../../src/daemon/resolver-instance.ts';
import type { Crypto } from '../../src/ports/crypto.ts';
import type { UdpSocket } from '../../src/ports/network.ts';
import type { SharedStore } from '../../src/ports/shared-store.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { EDNS_OPTION, type EdnsOption } from '../../src/wire/edns.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, rcodeText } from '../../src/wire/rcode.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { TYPE, typeFromText, typeText } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { type FakePorts, inTurnOrder, makeFakePorts, TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { type IncomingQuery, messageSplitter } from '../fake/fake-server.ts';
import { SeenMessage } from '../replay/seen-message.ts';
import { type RunningInstance, startInstance } from '../replay/start-instance.ts';
import { RESOLVER_ADDRESS, worldConfigLines } from './inhabited-world.ts';
import { KeyStore } from './keys.ts';
import { type LooseMessage, loosen, tighten } from './loose-message.ts';
import { type SignRequest, signSet, type ZoneSet } from './sign.ts';
import { World, type ZoneSpec } from './world.ts';
import type { Zone } from './zone.ts';

/** Keys of all scenes of a test file: making them is what costs. */
const keys = new KeyStore();
const platform = createNodeCrypto();

/** How to ask. */
export interface SceneAsk {
  /** Flags besides RD. */
  readonly flags?: number;
  /** Default true. */
  readonly doBit?: boolean;
  /** EDNS size; 0: no EDNS. Default 4096. */
  readonly udpSize?: number;
  readonly transport?: 'udp' | 'tcp';
  readonly options?: readonly EdnsOption[];
  /** Address of the client. Default: this host's. */
  readonly from?: string;
}

/** What came back. */
export class Reply {
  readonly seen: SeenMessage;

  constructor(seen: SeenMessage) {
    this.seen = seen;
  }

  get rcode(): string {
    return rcodeText(this.seen.rcode);
  }

  get ad(): boolean {
    return (this.seen.flags & FLAG.AD) !== 0;
  }

  get tc(): boolean {
    return (this.seen.flags & FLAG.TC) !== 0;
  }

  /** Rcode and AD in one word: `NOERROR ad`, `SERVFAIL`. */
  get status(): string {
    return this.ad ? `${this.rcode} ad` : this.rcode;
  }

  /** Records of the answer without signatures: `owner TYPE rdata`. */
  get answer(): string[] {
    return textsOf(this.seen.answer);
  }

  get authority(): string[] {
    return textsOf(this.seen.authority);
  }

  get additional(): string[] {
    return textsOf(this.seen.additional);
  }

  /** Codes of the extended errors (RFC 8914), in order. */
  get edes(): number[] {
    return this.#edeOptions().map((data) => ((data[0] ?? 0) << 8) | (data[1] ?? 0));
  }

  /** Their texts. */
  get edeTexts(): string[] {
    return this.#edeOptions().map((data) => new TextDecoder().decode(data.subarray(2)));
  }

  #edeOptions(): Uint8Array[] {
    const options = this.seen.opt?.options ?? [];
    return options.filter(({ code }) => code === EDNS_OPTION.EXTENDED_ERROR).map(({ data }) => data);
  }
}

function textsOf(records: SeenMessage['answer']): string[] {
  return records
    .filter(({ type }) => type !== TYPE.RRSIG)
    .map(({ name, type, rdata }) => `${formatName(name)} ${typeText(type)} ${formatRdata(type, rdata)}`);
}

/** What a tampering server does with an honest reply: gives another, the same changed, octets, or null for silence. */
export type Tamper = (reply: LooseMessage, query: IncomingQuery) => LooseMessage | Uint8Array | null;

/** A scene. */
export class Scene {
  readonly ports: FakePorts;
  readonly world: World;
  readonly #tampers = new Map<string, Tamper>();
  /** Questions that servers got: `ip name TYPE`, in order. */
  readonly asked: string[] = [];
  /** The line is cut: no server hears anything. */
  isCut = false;
  /** Shared with other hosts, where the configuration says so. */
  store: SharedStore | null = null;
  /** What the resolver checks with, for tests that count. */
  crypto: Crypto = platform;
  #running: RunningInstance | null = null;

  constructor(seed = 1) {
    this.ports = makeFakePorts({ seed });
    this.world = new World({ now: TEST_START_UNIX_SECONDS, keys });
  }

  /** A scene with a signed root and a signed zone `test.` at 192.0.2.1, whose records are given. */
  static withTest(text: string, spec: Partial<ZoneSpec> = {}): Scene {
    const scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, signing: {}, text, ...spec });
    return scene;
  }

  /** Adds a zone. */
  zone(name: string, spec: ZoneSpec): Zone {
    return this.world.zone(name, spec);
  }

  /** From now on replies of the server at an address go through `tamper`. */
  tamper(ip: string, tamper: Tamper): void {
    this.#tampers.set(ip, tamper);
  }

  /** Puts a server of the test's own at an address. */
  serve(ip: string, serve: (query: IncomingQuery, reply: LooseMessage) => void): void {
    this.ports.servers.serve(ip, (query) => {
      const reply = loosen(query.bytes);
      this.asked.push(`${ip} ${questionText(reply)}`);
      serve(query, { ...reply, flags: FLAG.QR | FLAG.AA, additional: [] });
    });
  }

  /** Starts the resolver. */
  async start(lines: readonly string[] = []): Promise<void> {
    this.attach();
    const { clock } = this.ports;
    const listening = ['server:', `\tinterface: ${RESOLVER_ADDRESS.ip}`, `\tport: ${RESOLVER_ADDRESS.port}`];
    // `test.` is answered locally by default (RFC 6761 §6.2); here it is a zone like any other.
    const ours = [...listening, '\tlocal-zone: "test." nodefault'];
    const text = `${[...worldConfigLines(this.world), ...ours, ...lines].join('\n')}\n`;
    const { store } = this;
    const openStore = store === null ? undefined : async () => store;
    const starting = startInstance(text, { ...this.ports, crypto: inTurnOrder(this.crypto, clock) }, openStore);
    const running = await clock.runUntilSettled(starting, { waitingFor: 'the start' });
    if (typeof running === 'string') throw new Error(running);
    this.#running = running;
  }

  /** Serves at every address of the world; again when zones were added. */
  attach(): void {
    for (const ip of this.world.ips()) {
      this.ports.servers.serve(ip, (query) => {
        if (this.isCut) return;
        this.asked.push(`${ip} ${questionText(loosen(query.bytes))}`);
        const honest = this.world.reply({ query: query.bytes, ip, transport: query.transport });
        const tamper = this.#tampers.get(ip);
        const reply = honest === null || tamper === undefined ? honest : tamper(loosen(honest), query);
        if (reply !== null) query.reply(reply instanceof Uint8Array ? reply : tighten(reply));
      });
    }
  }

  get instance(): ResolverInstance {
    if (this.#running === null) throw new Error('the resolver was not started');
    return this.#running.instance;
  }

  /** A counter of the resolver. */
  count(name: Parameters<ResolverInstance['counters']['get']>[0]): number {
    return this.instance.counters.get(name);
  }

  /** Asks and waits; throws HangError when no answer comes. */
  async ask(name: string, type: string, options: SceneAsk = {}): Promise<Reply> {
    const query = queryOf(name, type, options);
    return await this.askOctets(query, options);
  }

  /** Starts with these lines, asks one question, and stops. */
  async askOnce(name: string, type: string, lines: readonly string[] = []): Promise<Reply> {
    await this.start(lines);
    const reply = await this.ask(name, type);
    await this.stop();
    return reply;
  }

  /** Sends octets and waits for the answer. */
  async askOctets(query: Uint8Array, how: Pick<SceneAsk, 'transport' | 'from'> = {}): Promise<Reply> {
    const answers: Uint8Array[] = [];
    const { clock } = this.ports;
    const close = await this.#send(query, how, (bytes) => answers.push(bytes.slice()));
    try {
      await clock.runUntil(() => answers.length > 0, { waitingFor: 'an answer' });
    } finally {
      close();
    }
    return new Reply(new SeenMessage(answers[0] as Uint8Array));
  }

  /** Sends octets; `onAnswer` gets what comes. Gives what closes the client. */
  async #send(
    query: Uint8Array,
    { transport = 'udp', from }: Pick<SceneAsk, 'transport' | 'from'>,
    onAnswer: (bytes: Uint8Array) => void,
  ): Promise<() => void> {
    const { clock, network } = this.ports;
    if (transport === 'tcp') {
      const onData = messageSplitter(onAnswer);
      const connecting = network.connect({ remote: RESOLVER_ADDRESS, timeoutMs: 1000, onData, onClose: () => {} });
      const opened = await clock.runUntilSettled(connecting);
      if (!opened.ok) throw new Error(opened.error.text);
      opened.value.write(concatBytes(Uint8Array.of(query.length >>> 8, query.length & 0xff), query));
      return () => opened.value.destroy();
    }
    const socket = await this.#openUdp(onAnswer, from);
    socket.send(query, query.length, RESOLVER_ADDRESS);
    return () => socket.close();
  }

  /** Asks without waiting; the list fills as answers come. */
  async askLater(name: string, type: string, options: SceneAsk = {}): Promise<Reply[]> {
    const replies: Reply[] = [];
    await this.#send(queryOf(name, type, options), options, (bytes) =>
      replies.push(new Reply(new SeenMessage(bytes.slice()))),
    );
    return replies;
  }

  /** Asks questions (`name TYPE`) at one instant, each as a client of its own; gives them in the order of their answers. */
  async askTogether(questions: readonly string[]): Promise<{ readonly question: string; readonly reply: Reply }[]> {
    const answered: { question: string; reply: Reply }[] = [];
    const sockets: UdpSocket[] = [];
    for (const question of questions) {
      sockets.push(
        await this.#openUdp((bytes) => answered.push({ question, reply: new Reply(new SeenMessage(bytes.slice())) })),
      );
    }
    for (const [i, question] of questions.entries()) {
      const [name = '.', type = 'A'] = question.split(' ');
      const query = queryOf(name, type);
      sockets[i]?.send(query, query.length, RESOLVER_ADDRESS);
    }
    await this.ports.clock.runUntil(() => answered.length >= questions.length, { waitingFor: 'all answers' });
    for (const socket of sockets) socket.close();
    return answered;
  }

  async #openUdp(onAnswer: (bytes: Uint8Array) => void, ip = '127.0.0.1'): Promise<UdpSocket> {
    const opening = this.ports.network.openUdp({
      local: { ip, port: 0 },
      onDatagrams: (batch) => {
        for (const { bytes } of batch) onAnswer(bytes);
      },
      onError: () => {},
    });
    const opened = await this.ports.clock.runUntilSettled(opening);
    if (!opened.ok) throw new Error(opened.error.text);
    return opened.value;
  }

  /** The RRSIG records over a set, made with a zone's key as told. */
  signature(zoneName: string, set: ZoneSet, choices: Partial<SignRequest> = {}): ResourceRecord {
    const zone = this.world.get(zoneName);
    const key = set.type === TYPE.DNSKEY ? zone.entryKeys[0] : zone.zoneKeys[0];
    if (key === undefined) throw new Error(`${zoneName} is not signed`);
    const now = TEST_START_UNIX_SECONDS;
    const rdata = signSet(set, {
      signer: zone.apex,
      key,
      inception: now - 86_400,
      expiration: now + 86_400,
      ...choices,
    });
    return { owner: set.owner, type: TYPE.RRSIG, class: set.class, ttl: set.ttl, rdata };
  }

  /** Records of one set with their signature. */
  signed(zoneName: string, records: readonly ResourceRecord[], choices: Partial<SignRequest> = {}): ResourceRecord[] {
    const [first] = records;
    if (first === undefined) return [];
    const set = { ...first, rdatas: records.map(({ rdata }) => rdata) };
    return [...records, this.signature(zoneName, set, choices)];
  }

  /** Stops the resolver. */
  async stop(): Promise<void> {
    if (this.#running === null) return;
    await this.ports.clock.runUntilSettled(this.#running.stop(), { waitingFor: 'the stop' });
  }
}

function questionText({ question }: LooseMessage): string {
  return question === null ? '(none)' : `${formatName(question.name).toLowerCase()} ${typeText(question.type)}`;
}

/** The octets of a client's query. */
export function queryOf(name: string, type: string, options: SceneAsk = {}): Uint8Array {
  const { flags = 0, doBit = true, udpSize = 4096, options: ednsOptions = [] } = options;
  const question = questionOf(mustParseName(name), typeFromText(type) ?? TYPE.A);
  const edns = { udpSize, doBit, options: ednsOptions };
  return buildQuery({ id: 7, question, flags: FLAG.RD | flags, ...(udpSize > 0 ? { edns } : {}) });
}
