/**
 * Who follows clients' queries as they come, with the steps of what they start. While nobody does, a query costs one look at a
 * number.
 */

import type { Question } from '../wire/question.ts';
import type { TraceEvent } from './events.ts';

/** A reply that a client got. */
export interface FollowedReply {
  /** Address of the client. */
  readonly client: string;
  readonly question: Question;
  readonly rcode: number;
  /** AD bit of the reply. */
  readonly isAuthentic: boolean;
  /** Milliseconds that the client waited. */
  readonly waitedMs: number;
  /** Answered from what was held. */
  readonly isCached: boolean;
}

/** One who follows. */
export interface Follower {
  /** Whether the question is one that it wants to see. */
  matches(question: Question): boolean;
  reply(reply: FollowedReply): void;
  /** Takes a step of the work that `question` started; null: it wants none. */
  readonly step: ((question: Question, event: TraceEvent) => void) | null;
}

export class Followers {
  readonly #all = new Set<Follower>();

  /** Those that follow now. */
  get count(): number {
    return this.#all.size;
  }

  /** Begins; gives what ends it. */
  add(follower: Follower): () => void {
    this.#all.add(follower);
    return () => {
      this.#all.delete(follower);
    };
  }

  /** Tells of a reply. */
  reply(reply: FollowedReply): void {
    for (const follower of this.#all) if (follower.matches(reply.question)) follower.reply(reply);
  }

  /** What takes the steps of a question's work; null when nobody wants them. */
  stepsOf(question: Question): ((event: TraceEvent) => void) | null {
    if (this.#all.size === 0) return null;
    const wanting = [...this.#all].filter((follower) => follower.step !== null && follower.matches(question));
    if (wanting.length === 0) return null;
    return (event) => {
      for (const follower of wanting) if (this.#all.has(follower)) follower.step?.(question, event);
    };
  }
}
