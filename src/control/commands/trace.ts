/**
 * Hawser's own commands that show steps as they happen: `trace NAME [TYPE]` resolves once, `follow [NAME [TYPE]]` shows clients'
 * queries at and below a name as they come.
 */

import { endOfTrace, endText } from '../../explain/ending.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FollowedReply, Follower } from '../../trace/followers.ts';
import { StepLines } from '../../trace/step-lines.ts';
import { Trace } from '../../trace/trace.ts';
import { isAtOrBelow, type Name, ROOT } from '../../wire/name.ts';
import { type Question, questionOf, questionText } from '../../wire/question.ts';
import { rcodeText } from '../../wire/rcode.ts';
import { typeFromText } from '../../wire/rr-type.ts';
import { type OwnCommand, type Reply, worded } from '../command.ts';
import { Feed } from '../feed.ts';
import { CONTROL_LIMITS } from '../limits.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';

/** What the commands work on. */
interface TraceParts extends Pick<ControlParts, 'clock'> {
  readonly instance: Pick<ControlParts['instance'], 'resolver' | 'followers'>;
}

export function traceCommands(parts: TraceParts): OwnCommand[] {
  return [worded('trace', (words) => trace(words, parts)), worded('follow', (words) => follow(words, parts))];
}

/** Words with a plus or two dashes before them, which unbound-control keeps for its own options, and the others. */
export function splitFlags(words: string): { readonly flags: readonly string[]; readonly plain: readonly string[] } {
  const given = words.split(/\s+/).filter((word) => word !== '');
  const isFlag = (word: string): boolean => /^(?:\+|--)/.test(word);
  return {
    flags: given.filter(isFlag).map((word) => word.replace(/^(?:\+|--)/, '')),
    plain: given.filter((word) => !isFlag(word)),
  };
}

/** Resolves by a work of its own, not shared; a line for each step as it happens, then how it ended. */
function trace(words: string, { instance, clock }: TraceParts): Reply {
  const { flags, plain } = splitFlags(words);
  const [nameText = '', typeWord = 'A', ...more] = plain;
  const read = readName(nameText);
  if (!read.ok) return read.error;
  const type = typeFromText(typeWord);
  const isKnown = flags.every((flag) => flag === 'json');
  if (type === null || more.length > 0 || !isKnown) return 'error usage: trace NAME [TYPE] [+json]\n';
  const question = questionOf(read.name, type);
  const isJson = flags.length > 0;
  const startedMs = clock.monotonicMs();
  const feed = new Feed();
  const lines = new StepLines(startedMs);
  if (!isJson) feed.push(`${questionText(question)}\n`);
  const steps = new Trace((event) => feed.push(isJson ? `${JSON.stringify(lines.json(event))}\n` : lines.text(event)));
  const ended = instance.resolver.resolve(question, { trace: steps }).then((resolution) => {
    const ending = endOfTrace(question, resolution, (clock.monotonicMs() - startedMs) / 1000);
    feed.push(isJson ? `${JSON.stringify(ending)}\n` : endText(ending));
    feed.end();
  });
  ended.catch((error: unknown) => feed.fail(error));
  return feed;
}

/** What is followed, and for how long. */
interface Followed {
  readonly name: Name;
  /** Null: all types. */
  readonly type: number | null;
  readonly isJson: boolean;
  readonly hasSteps: boolean;
  readonly count: number;
  readonly seconds: number;
}

const USAGE = 'error usage: follow [NAME [TYPE]] [+steps] [+json] [+count=N] [+seconds=N]\n';

function follow(words: string, { instance, clock }: TraceParts): Reply {
  const wish = readFollowed(words);
  if (typeof wish === 'string') return wish;
  const { followers } = instance;
  if (followers.count >= CONTROL_LIMITS.followers) return `error ${followers.count} already follow\n`;
  const stops: (() => void)[] = [];
  const feed = new Feed(() => {
    for (const stop of stops) stop();
  });
  stops.push(followers.add(new FeedFollower(feed, wish, clock)));
  stops.push(clock.after(wish.seconds * 1000, () => feed.end()));
  return feed;
}

function readFollowed(words: string): Followed | string {
  const { flags, plain } = splitFlags(words);
  const [nameText, typeWord, ...more] = plain;
  const read = nameText === undefined ? { ok: true as const, name: ROOT } : readName(nameText);
  if (!read.ok) return read.error;
  const type = typeWord === undefined ? null : typeFromText(typeWord);
  const number = (key: string, most: number): number => {
    const given = flags
      .map((flag) => new RegExp(`^${key}=(\\d{1,9})$`).exec(flag)?.[1])
      .find((one) => one !== undefined);
    return given === undefined ? most : Number(given);
  };
  const count = number('count', CONTROL_LIMITS.followedQueries);
  const seconds = number('seconds', CONTROL_LIMITS.followedSeconds);
  const isKnown = flags.every((flag) => /^(?:json|steps|(?:count|seconds)=\d{1,9})$/.test(flag));
  if (more.length > 0 || (typeWord !== undefined && type === null) || !isKnown) return USAGE;
  if (count < 1 || count > CONTROL_LIMITS.followedQueries)
    return `error +count is 1 to ${CONTROL_LIMITS.followedQueries}\n`;
  if (seconds < 1 || seconds > CONTROL_LIMITS.followedSeconds) {
    return `error +seconds is 1 to ${CONTROL_LIMITS.followedSeconds}\n`;
  }
  return { name: read.name, type, isJson: flags.includes('json'), hasSteps: flags.includes('steps'), count, seconds };
}

/** Puts what is followed into a feed, so many lines a second and no more. */
class FeedFollower implements Follower {
  readonly step: Follower['step'];
  readonly #feed: Feed;
  readonly #wish: Followed;
  readonly #clock: Clock;
  #queries = 0;
  #second = 0;
  #linesOfSecond = 0;
  #leftOut = 0;

  constructor(feed: Feed, wish: Followed, clock: Clock) {
    this.#feed = feed;
    this.#wish = wish;
    this.#clock = clock;
    const lines = new StepLines(clock.monotonicMs());
    this.step = wish.hasSteps
      ? (_, event) => this.#push(() => (wish.isJson ? `${JSON.stringify(lines.json(event))}\n` : lines.text(event)))
      : null;
  }

  matches({ name, type }: Question): boolean {
    return isAtOrBelow(name, this.#wish.name) && (this.#wish.type === null || this.#wish.type === type);
  }

  reply(reply: FollowedReply): void {
    this.#push(() => (this.#wish.isJson ? `${JSON.stringify(this.#jsonOf(reply))}\n` : this.#textOf(reply)));
    if (++this.#queries >= this.#wish.count) this.#feed.end();
  }

  #jsonOf({ client, question, rcode, isAuthentic, waitedMs, isCached }: FollowedReply): object {
    const asked = { at: this.#clock.unixSeconds(), client, question: questionText(question) };
    const waited = Math.round(waitedMs * 10) / 10;
    return { kind: 'reply', ...asked, rcode: rcodeText(rcode), ad: isAuthentic, cached: isCached, waitedMs: waited };
  }

  #textOf({ client, question, rcode, isAuthentic, waitedMs, isCached }: FollowedReply): string {
    const at = new Date(this.#clock.unixSeconds() * 1000).toISOString().replace('.000', '');
    const said = `${rcodeText(rcode)}${isAuthentic ? ' ad' : ''}`;
    const how = isCached ? 'from what was held' : `resolved in ${waitedMs.toFixed(1)} ms`;
    return `${at} ${client} ${questionText(question)}: ${said}, ${how}\n`;
  }

  #push(make: () => string): void {
    const second = this.#clock.unixSeconds();
    if (second !== this.#second) {
      if (this.#leftOut > 0) this.#feed.push(this.#leftOutText());
      this.#second = second;
      this.#linesOfSecond = 0;
      this.#leftOut = 0;
    }
    if (++this.#linesOfSecond > CONTROL_LIMITS.followedLinesPerSecond) this.#leftOut++;
    else this.#feed.push(make());
  }

  #leftOutText(): string {
    const leftOut = this.#leftOut;
    return this.#wish.isJson
      ? `${JSON.stringify({ kind: 'left-out', lines: leftOut })}\n`
      : `... ${leftOut} lines left out: more than ${CONTROL_LIMITS.followedLinesPerSecond} in a second\n`;
  }
}
