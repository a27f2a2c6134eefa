/**
 * Whether a query is answered, and how it is refused: the first stage of serving.
 *
 * Duties: access control, cookies, rates, the form of the query, NOTIFY, RD=0, deny-any; what of it is counted.
 * Leaves to others: reading (client-query.ts), the reply as octets (immediate-replies.ts), what an admitted query is answered.
 */

import type { Clock } from '../ports/clock.ts';
import { unreachable } from '../terms/unreachable.ts';
import { isIp6Text } from '../wire/ip.ts';
import { parseMessage } from '../wire/message-view.ts';
import { FLAG, OPCODE, RCODE } from '../wire/rcode.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { AccessControl } from './access-control.ts';
import { CLASSIC_UDP_OCTETS, type ClientQuery, type ParseResult } from './client-query.ts';
import type { ServerCookies } from './cookies.ts';
import {
  BAD_COOKIE,
  BAD_VERSION,
  EMPTY,
  type ErrorReply,
  FORMAT_ERROR,
  INVALID_TYPE,
  NO_SNOOPING,
  NO_TRANSFER,
  NOT_ALLOWED,
  NOT_IMPLEMENTED,
  NXNAME,
  REFUSED,
  rcodeReply,
  TO_TCP,
} from './error-replies.ts';
import type { ClientRates } from './rate-limit.ts';
import type { ServeLog } from './serve-log.ts';
import type { ServeOptions } from './serve-options.ts';
import type { ServeStats } from './serve-stats.ts';

/** What becomes of a query: on to the next stage, silence, or this reply. */
export type Admitted = 'go-on' | 'drop' | ErrorReply;

interface AdmissionParts {
  readonly clock: Clock;
  readonly options: ServeOptions;
  readonly stats: ServeStats;
  readonly log: ServeLog;
  /** How often client addresses may ask; absent: as often as they like. */
  readonly clientRates?: ClientRates | undefined;
  /** Checks cookies of clients (answer-cookie); absent: they are ignored. */
  readonly cookies?: ServerCookies | undefined;
  /** Local copies of zones, which primaries may notify; absent: none. */
  readonly zones?: Pick<ZoneStore, 'notify'> | undefined;
}

export class Admission {
  readonly #parts: AdmissionParts;
  readonly #access: AccessControl;
  /** The client whose cookie is checked; one object for all. */
  readonly #client = { ip: '', now: 0 };

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#access = new AccessControl(parts.options.access, parts.options.accessByListener);
  }

  /** Whether the query gets an answer of any kind; says in it what its client may do. @hot bench/serve-hot-query.ts */
  admit(query: ClientQuery, parsed: ParseResult): Admitted {
    const { options, stats, log, clientRates } = this.#parts;
    if (parsed === 'discard' || (options.dropLargeQueries && query.bytes.length > CLASSIC_UDP_OCTETS)) {
      stats.malformed++;
      return 'drop';
    }
    const { channel, from } = query;
    query.action = this.#access.actionAt(from.ip, channel.local);
    if (query.action === 'deny' || query.action === 'refuse') return this.#replyToStranger(query.action === 'deny');
    if (query.hasQuestion) stats.countQuery(query, channel, isIp6Text(from.ip));
    this.#checkCookie(query);
    if (clientRates?.admits(from.ip, query.cookieState === 'valid') === false) {
      stats.overRate++;
      return 'drop';
    }
    if (parsed !== 'ok') return this.#replyError(query, parsed);
    if (query.cookieState === 'malformed') return malformedReply(query, 'format-error');
    if (log.wantsQueries) log.query(from.ip, query.question());
    // Local data too is only for those who have shown that the address is theirs (RFC 7873 §5.2.3).
    const mustProve = query.action === 'allow_cookie' && channel.transport === 'udp' && query.cookieState !== 'valid';
    if (!mustProve) return 'go-on';
    return query.cookie === null ? TO_TCP : BAD_COOKIE;
  }

  /** Whether caches and resolver may be asked too, beside local data. @hot bench/serve-hot-query.ts */
  admitToRecursion(query: ClientQuery): Admitted {
    if (query.action !== 'allow' || (query.flags & FLAG.RD) === 0) {
      const admitted = this.#checkAccess(query);
      if (admitted !== 'go-on') return admitted;
    }
    return this.#parts.options.denyAny && query.type === TYPE.ANY ? EMPTY : 'go-on';
  }

  #checkAccess({ action, flags }: ClientQuery): Admitted {
    switch (action) {
      case 'allow_setrd':
      case 'allow_snoop':
        return 'go-on';
      case 'deny':
      case 'deny_non_local':
      case 'refuse':
      case 'refuse_non_local':
        return this.#replyToStranger(action === 'deny' || action === 'deny_non_local');
      case 'allow_cookie':
      case 'allow':
        break;
      default:
        unreachable(action);
    }
    if ((flags & FLAG.RD) !== 0) return 'go-on';
    // A look into the cache tells what others have asked for: only for those who may (allow_snoop).
    this.#parts.stats.unwanted++;
    return NO_SNOOPING;
  }

  #replyToStranger(inSilence: boolean): Admitted {
    this.#parts.stats.unwanted++;
    return inSilence ? 'drop' : NOT_ALLOWED;
  }

  #replyError(query: ClientQuery, parsed: Exclude<ParseResult, 'ok' | 'discard'>): ErrorReply {
    if (parsed === 'refused' && query.opcode === OPCODE.NOTIFY) return this.#takeNotify(query);
    this.#parts.stats.malformed++;
    return malformedReply(query, parsed);
  }

  /** Looks at the query's cookie, where cookies are answered. @hot bench/serve-hot-query.ts */
  #checkCookie(query: ClientQuery): void {
    const { cookies, clock, stats } = this.#parts;
    if (cookies === undefined || query.cookieAt === 0) return;
    const client = this.#client;
    client.ip = query.from.ip;
    client.now = clock.unixSeconds();
    const state = cookies.check(query.bytes, query.cookieAt, query.cookieLength, client);
    query.cookieState = state;
    stats.countCookie(state);
    if (state !== 'malformed') query.cookie = cookies.reply;
  }

  /** RFC 1996 §4.7: a NOTIFY is answered with its own question; a stranger's is refused. */
  #takeNotify(query: ClientQuery): ErrorReply {
    const { name, type, class: rrClass } = query.question();
    if (type !== TYPE.SOA || rrClass !== CLASS.IN) return REFUSED;
    const parsed = parseMessage(query.bytes.slice());
    if (!parsed.ok) return rcodeReply(RCODE.FORMERR);
    const { message } = parsed;
    const soa = message.answer.end > 0 && message.type(0) === TYPE.SOA ? readSoa(message.rdata(0)) : null;
    const notified = this.#parts.zones?.notify(name, query.from.ip, soa?.serial ?? null) ?? 'unknown-zone';
    return notified === 'accepted' ? EMPTY : REFUSED;
  }
}

/** How a query that is malformed or not served is refused. */
function malformedReply({ type }: ClientQuery, parsed: Exclude<ParseResult, 'ok' | 'discard'>): ErrorReply {
  switch (parsed) {
    case 'format-error':
      return type === NXNAME ? INVALID_TYPE : FORMAT_ERROR;
    case 'not-implemented':
      return NOT_IMPLEMENTED;
    case 'refused':
      return NO_TRANSFER;
    case 'bad-version':
      return BAD_VERSION;
    default:
      return unreachable(parsed);
  }
}
