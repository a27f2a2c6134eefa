/**
 * Plays a scenario: a whole resolver on fake ports, scripted servers behind every address, the steps in order.
 *
 * Time stands while packets travel; waits pass on the monotonic clock alone, and only TIME_PASSES moves the calendar, so
 * that TTLs are exactly what the scenario expects.
 */

import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { HangError } from '../fake/fake-clock.ts';
import { type FakePorts, inTurnOrder, makeFakePorts } from '../fake/fake-ports.ts';
import { Clients } from './client.ts';
import { type FileRules, fileDifference } from './compare-files.ts';
import { expandMacros } from './macros.ts';
import { deckardDifference, expectedOf, unboundDifference } from './match.ts';
import { type Scenario, ScenarioError, type Step } from './scenario.ts';
import { type ScenarioSetup, scenarioFilePath, setUp } from './scenario-config.ts';
import { type SeenMessage, seenMessageText } from './seen-message.ts';
import { type RunningInstance, startInstance } from './start-instance.ts';
import { describeQuery, Upstream } from './upstream.ts';

/** Fake milliseconds that a step waits for what it expects. */
const STEP_WAIT_MS = 120_000;
/** Fake milliseconds that TRAFFIC gives to what runs in the background. */
const TRAFFIC_MS = 300;

/** How a scenario ended. */
export interface ScenarioResult {
  readonly outcome: 'pass' | 'fail' | 'skip';
  /** The first mismatch, or why it was skipped. */
  readonly reason: string;
  /** What happened, line by line, with the packets of a mismatch and the resolver's log. */
  readonly story: readonly string[];
}

/** What a CHECK_ANSWER has found so far. */
interface Looked {
  isTaken: boolean;
  seen: SeenMessage | null;
  reason: string;
}

/** A step that did not come out as scripted. */
class Mismatch extends Error {}

/** Plays a scenario from its start. */
export async function playScenario(scenario: Scenario): Promise<ScenarioResult> {
  const story: string[] = [];
  try {
    const skip = scenario.skip ?? setUp(scenario).skip;
    if (skip !== null) return { outcome: 'skip', reason: skip, story };
    const run = new Run(scenario, setUp(scenario), story);
    try {
      await run.start();
      await run.play();
    } finally {
      await run.stop();
    }
    return { outcome: 'pass', reason: '', story };
  } catch (error) {
    const isExpected = error instanceof Mismatch || error instanceof HangError || error instanceof ScenarioError;
    if (!isExpected) story.push(String((error as Error).stack ?? error));
    const kind = isExpected ? '' : 'harness: ';
    return { outcome: 'fail', reason: `${kind}${(error as Error).message}`.replace(/\s+/g, ' '), story };
  }
}

class Run {
  readonly #scenario: Scenario;
  readonly #setup: ScenarioSetup;
  readonly #story: string[];
  readonly #ports: FakePorts;
  readonly #upstream: Upstream;
  readonly #clients: Clients;
  readonly #variables = new Map<string, string>();
  #instance: RunningInstance | null = null;
  #at = 0;
  /** The answer that the last check took (deckard: a later check may look at it again). */
  #lastAnswer: Clients['answers'][number] | null = null;

  constructor(scenario: Scenario, setup: ScenarioSetup, story: string[]) {
    this.#scenario = scenario;
    this.#setup = setup;
    this.#story = story;
    this.#ports = makeFakePorts({ startUnixSeconds: setup.startUnixSeconds });
    this.#ports.clock.calendarStands = true;
    for (const [path, text] of setup.files) this.#ports.files.put(path, text);
    this.#clients = new Clients(this.#ports, scenario, setup);
    this.#upstream = new Upstream({
      scenario,
      setup,
      clock: this.#ports.clock,
      step: () => this.#step(),
      nextStep: () => {
        this.#at++;
      },
      say: (line) => this.#story.push(line),
    });
    this.#ports.servers.serve('*', (query) => this.#upstream.take(query));
  }

  async start(): Promise<void> {
    this.#upstream.holdsTransfers = this.#mustHoldTransfers();
    const crypto = inTurnOrder(createNodeCrypto({ legacy: true }), this.#ports.clock);
    const starting = startInstance(this.#setup.configText, { ...this.#ports, crypto });
    const started = await this.#ports.clock.runUntilSettled(starting, { waitingFor: 'the start' });
    if (typeof started === 'string') throw new Mismatch(`does not start: ${started}`);
    this.#instance = started;
    await this.#ports.clock.settle();
  }

  async stop(): Promise<void> {
    for (const { level, line } of this.#ports.log.lines) this.#story.push(`log ${level}: ${line}`);
    if (this.#instance === null) return;
    await this.#ports.clock.runUntilSettled(this.#instance.stop(), { waitingFor: 'the stop' });
  }

  async play(): Promise<void> {
    for (let step = this.#step(); step !== null; step = this.#step()) await this.#playStep(step);
    this.#at = this.#scenario.steps.length - 1;
    await this.#ports.clock.settle();
    const [unasked] = this.#clients.answers;
    if (unasked !== undefined && this.#scenario.dialect === 'unbound') {
      this.#story.push(seenMessageText(unasked.seen));
      throw new Mismatch(`unexpected answer to the query of step ${unasked.query.step.number}`);
    }
    const unused = this.#scenario.ranges
      .flatMap((range) => range.entries)
      .find((one) => one.isMandatory && one.fired === 0);
    if (unused !== undefined) throw new Mismatch(`mandatory entry at line ${unused.line} not used`);
  }

  #step(): Step | null {
    return this.#scenario.steps[this.#at] ?? null;
  }

  /** Transfers start with the resolver; scenarios whose answers come before any time has passed count on none having run. */
  #mustHoldTransfers(): boolean {
    const kinds = this.#scenario.steps.map((step) => step.kind);
    const firstCheck = kinds.indexOf('CHECK_ANSWER');
    const transfers = /^\s*(master|primary):/m.test(this.#setup.configText);
    return transfers && firstCheck >= 0 && kinds.indexOf('TIME_PASSES') > firstCheck;
  }

  async #playStep(step: Step): Promise<void> {
    const isDeckard = this.#scenario.dialect === 'deckard';
    switch (step.kind) {
      case 'QUERY':
        return isDeckard ? this.#queryDeckard(step) : this.#query(step);
      case 'CHECK_ANSWER':
        await this.#checkAnswer(step);
        break;
      case 'CHECK_OUT_QUERY':
        if (isDeckard) break;
        return this.#checkOutQuery(step);
      case 'REPLY':
        if (isDeckard) break;
        return this.#reply(step);
      case 'TIMEOUT':
        await this.#untilUpstreamQuery(step);
        this.#upstream.waiting.shift();
        break;
      case 'TIME_PASSES':
        return this.#timePasses(step);
      case 'TRAFFIC':
        await this.#ports.clock.advance(TRAFFIC_MS);
        break;
      case 'ASSIGN':
        this.#variables.set(step.subject, this.#expand(step.text));
        this.#story.push(`${step.subject} = ${this.#variables.get(step.subject)}`);
        break;
      case 'CHECK_AUTOTRUST':
      case 'CHECK_TEMPFILE':
        await this.#ports.clock.settle();
        this.#checkFile(step);
        break;
      case 'NOTHING':
      case 'ERROR':
      case 'INFRA_RTT':
      case 'FLUSH_MESSAGE':
      case 'EXPIRE_MESSAGE':
        break;
    }
    this.#at++;
  }

  async #query(step: Step): Promise<void> {
    await this.#ports.clock.settle();
    this.#at++;
    this.#upstream.forgetStepAnswers();
    const isLast = this.#step() === null;
    if (isLast) this.#at--;
    else this.#upstream.serve();
    await this.#send(step);
    await this.#ports.clock.settle();
    if (isLast) this.#at++;
  }

  /** This dialect waits for the answer; the step of the query says which ranges hold meanwhile. */
  async #queryDeckard(step: Step): Promise<void> {
    await this.#send(step);
    const mine = this.#clients.sent.at(-1);
    if (step.entry?.raw === null && this.#at + 1 < this.#scenario.steps.length) {
      await this.#waitFor(() => mine?.isAnswered ?? true);
    }
    this.#at++;
  }

  async #send(step: Step): Promise<void> {
    this.#story.push(`step ${step.number} QUERY (line ${step.line})`);
    const problem = await this.#clients.send(step);
    if (problem !== null) throw new Mismatch(`step ${step.number}: ${problem}`);
  }

  async #checkOutQuery(step: Step): Promise<void> {
    const isTaken = () => {
      this.#upstream.serve();
      return this.#step() !== step;
    };
    if (!(await this.#waitFor(isTaken))) {
      throw new Mismatch(`step ${step.number}: expected upstream query not sent${this.#waitingText()}`);
    }
  }

  async #reply(step: Step): Promise<void> {
    const waiting = await this.#untilUpstreamQuery(step);
    this.#story.push(`step ${step.number} REPLY`);
    this.#at++;
    if (step.entry !== null) this.#upstream.replyByStep(waiting, step.entry);
    await this.#ports.clock.settle();
  }

  async #untilUpstreamQuery(step: Step): Promise<Upstream['waiting'][number]> {
    await this.#waitFor(() => this.#upstream.waiting.length > 0);
    const [waiting] = this.#upstream.waiting;
    if (waiting === undefined) throw new Mismatch(`step ${step.number} ${step.kind}: no upstream query is waiting`);
    return waiting;
  }

  async #timePasses(step: Step): Promise<void> {
    const { clock } = this.#ports;
    await clock.settle();
    const isEval = step.text !== '' && !step.text.startsWith('ELAPSE');
    const seconds = isEval ? Number(this.#expand(step.text)) : step.elapseSeconds;
    this.#story.push(`step ${step.number} TIME_PASSES ${seconds}`);
    this.#upstream.holdsTransfers = false;
    if (this.#at !== this.#setup.passedStep) {
      clock.calendarStands = false;
      clock.skip(seconds * 1000);
      clock.calendarStands = true;
    }
    // What falls due now is asked in the step that follows.
    this.#at++;
    this.#upstream.serve();
    await clock.settle();
  }

  /** Lets waits pass until something holds; false when it never does. */
  async #waitFor(holds: () => boolean): Promise<boolean> {
    const { clock } = this.#ports;
    const endMs = clock.monotonicMs() + STEP_WAIT_MS;
    await clock.settle();
    while (!holds()) if (!(await clock.jumpToNextTimer(endMs - clock.monotonicMs()))) return holds();
    return true;
  }

  async #checkAnswer(step: Step): Promise<void> {
    const isDeckard = this.#scenario.dialect === 'deckard';
    const clients = this.#clients;
    if (isDeckard && clients.answers.length === 0 && this.#lastAnswer !== null && clients.unanswered.length === 0) {
      clients.answers.push(this.#lastAnswer);
    }
    const looked: Looked = { isTaken: false, seen: null, reason: 'no answer' };
    await this.#waitFor(
      () => this.#look(step, looked) || (clients.answers.length > 0 && clients.unanswered.length === 0),
    );
    if (looked.isTaken) return;
    this.#tellMismatch(step, looked.seen);
    throw new Mismatch(`step ${step.number}: ${looked.reason}${looked.seen === null ? this.#waitingText() : ''}`);
  }

  /** Takes the first answer that fits the step. */
  #look(step: Step, looked: Looked): boolean {
    for (const answer of this.#clients.answers) {
      const difference = this.#difference(step, answer);
      if (difference === null) {
        this.#clients.answers = this.#clients.answers.filter((other) => other !== answer);
        this.#lastAnswer = answer;
        looked.isTaken = true;
        return true;
      }
      looked.seen = answer.seen;
      looked.reason = difference;
    }
    return false;
  }

  #difference(step: Step, { query, seen }: Clients['answers'][number]): string | null {
    if (step.entry === null) return null;
    const context = { transport: query.transport, ttlSlackSeconds: 1 };
    return this.#scenario.dialect === 'deckard'
      ? deckardDifference(step.entry, seen, context)
      : unboundDifference(step.entry, seen, context);
  }

  #tellMismatch(step: Step, seen: SeenMessage | null): void {
    if (seen !== null) this.#story.push('--- got', seenMessageText(seen));
    if (step.entry !== null) this.#story.push('--- expected', seenMessageText(expectedOf(step.entry)));
  }

  #waitingText(): string {
    const waiting = this.#upstream.waiting.slice(0, 4).map(describeQuery);
    const hang = this.#ports.clock.timerCount === 0 ? '; hang: nothing is under way' : '';
    return `${waiting.length > 0 ? `; unanswered upstream: ${waiting.join(', ')}` : ''}${hang}`;
  }

  #expand(text: string): string {
    return expandMacros(text, {
      unixSeconds: () => this.#ports.clock.unixSeconds(),
      timeoutSeconds: () => this.#nextProbe(),
      variables: this.#variables,
    });
  }

  /** Seconds to the next probe of a trust anchor, as its state file says. */
  #nextProbe(): number {
    const probes = [...this.#scenario.autotrustFiles.keys()].flatMap((id) => {
      const text = this.#ports.files.readText(scenarioFilePath('autotrust', id));
      const found = text.ok ? /;;next_probe_time:\s*(\d+)/.exec(text.value) : null;
      return found === null ? [] : [Number(found[1])];
    });
    return probes.length === 0 ? 0 : Math.max(0, Math.min(...probes) - this.#ports.clock.unixSeconds());
  }

  #checkFile(step: Step): void {
    const path = scenarioFilePath(step.kind === 'CHECK_AUTOTRUST' ? 'autotrust' : 'tempfile', step.subject);
    const read = this.#ports.files.readText(path);
    const got = read.ok ? read.value.replace(/\n$/, '').split('\n') : ['<no file>'];
    const expected = step.content.map((line) => this.#expand(line));
    const rules: FileRules = { timeSlackSeconds: 4 };
    const difference = fileDifference(expected, got, rules);
    if (difference === null) return;
    this.#story.push('--- got', ...got, '--- expected', ...expected);
    throw new Mismatch(`step ${step.number}: ${difference}`);
  }
}
