/** A front thread's server and the resolving thread beside it, without threads: what the one cannot answer the other is asked. */

import { allocateFrontMemory, frontServer } from '../../src/front/front-memory.ts';
import { FrontStats, FrontStatsView } from '../../src/front/front-stats.ts';
import { SharedClients } from '../../src/front/shared-clients.ts';
import { SharedReplies } from '../../src/front/shared-replies.ts';
import { type FrontSettings, SharedState } from '../../src/front/shared-state.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { ServeParts } from '../../src/serve/query-server.ts';
import type { ServeOptions } from '../../src/serve/serve-options.ts';
import { parseIp } from '../../src/wire/ip.ts';
import type { Question } from '../../src/wire/question.ts';
import { type Asking, PlayedResolver, queryFor, type Reply, readReply } from '../serve/serving.ts';

const SETTINGS: FrontSettings = {
  maxUdpOctets: 1232,
  ednsUdpSize: 1232,
  hardensShortSize: true,
  dropLargeQueries: false,
  roundRobin: false,
  checksCookies: false,
};

/** Octets of shared memory for replies. */
const REPLY_OCTETS = 1 << 20;

/** Who gave a reply, and the reply. */
export interface Served {
  readonly by: 'front' | 'resolver';
  readonly reply: Reply | null | 'handed over';
}

export class FrontBench {
  readonly state = SharedState.create(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  readonly replies: SharedReplies;
  readonly resolver: PlayedResolver;
  readonly stats: FrontStatsView;
  readonly #front: ReturnType<typeof frontServer>;
  readonly #out = new Uint8Array(65_536);

  constructor(
    options: Partial<ServeOptions> = {},
    policy: Policy | null = null,
    more: Pick<ServeParts, 'cookies' | 'clientRates' | 'zones' | 'followers'> = {},
  ) {
    const memory = allocateFrontMemory(this.state, REPLY_OCTETS);
    const stats = FrontStats.allocate();
    const clients = new SharedClients(this.state, memory.clients);
    this.replies = new SharedReplies(this.state, memory.replies);
    this.stats = new FrontStatsView(stats);
    this.resolver = new PlayedResolver({ roundRobin: false, ...options }, policy, {
      ...more,
      publisher: {
        publish: (reply, questionEnd, client, now) => {
          if (this.replies.publish(reply, questionEnd, now)) clients.add(client, now);
        },
      },
    });
    this.resolver.replies.copies = this.replies;
    this.#front = frontServer({ ...memory, stats }, this.resolver.clock);
    this.change({});
  }

  change(settings: Partial<FrontSettings>): void {
    this.state.change({ ...SETTINGS, ...settings });
  }

  /** Puts a query to the front thread, and to the resolving thread when it hands it over. */
  send(query: Uint8Array, asking: Asking = {}): Served {
    const octets = parseIp(asking.from ?? '127.0.0.1') ?? new Uint8Array(4);
    const words = new Int32Array(4);
    new Uint8Array(words.buffer).set(octets);
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words;
    const client = { isSix: octets.length === 16, word0, word1, word2, word3 };
    const length = this.#front.server.answer(query, client, this.#out);
    this.#front.stats.show();
    if (length > 0) return { by: 'front', reply: readReply(this.#out.slice(0, length)) };
    return { by: 'resolver', reply: this.resolver.send(query, asking, true) };
  }

  ask(question: Question, asking: Asking = {}): Served {
    return this.send(queryFor(question, asking), asking);
  }

  /** Asks until the front thread could know it: the resolving thread makes it, serves it from its cache, and the third is asked for. */
  askThrice(question: Question, asking: Asking = {}): Served {
    this.ask(question, asking);
    this.ask(question, asking);
    return this.ask(question, asking);
  }
}
