/**
 * Which families of addresses (IPv4, IPv6) the system has a way to. A host without IPv6 notices once, not for every server.
 *
 * Duties: believe in the absence of a route after several servers, retry ever more slowly, forget it with the first answer.
 */

import type { Clock } from '../ports/clock.ts';

/** Different servers unreachable in a row until a family counts as having no route. */
const UNREACHABLE_TO_BELIEVE = 3;
/** For how long a family without a route is left alone, seconds: first, and at most after doubling each time. */
const FIRST_ABSENCE_SECONDS = 60;
const MAX_ABSENCE_SECONDS = 900;

type Family = 'ip4' | 'ip6';

interface Route {
  readonly unreachable: Set<string>;
  /** Unix seconds until when the family is left alone; 0: it is not. */
  until: number;
  nextSeconds: number;
}

export class Routes {
  readonly #clock: Clock;
  readonly #routes: Record<Family, Route> = { ip4: newRoute(), ip6: newRoute() };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False while the family is known to have no route. */
  has(family: Family): boolean {
    const { until } = this.#routes[family];
    return until === 0 || until <= this.#clock.unixSeconds();
  }

  /** The system knows no way to the server; true when that is news about its whole family. */
  noteUnreachable(server: string): boolean {
    const route = this.#routeOf(server);
    route.unreachable.add(server);
    if (route.unreachable.size < UNREACHABLE_TO_BELIEVE) return false;
    const isNews = route.nextSeconds === FIRST_ABSENCE_SECONDS;
    route.unreachable.clear();
    route.until = this.#clock.unixSeconds() + route.nextSeconds;
    route.nextSeconds = Math.min(MAX_ABSENCE_SECONDS, route.nextSeconds * 2);
    return isNews;
  }

  /** The server answered: its family has a route. True when it had none before. */
  noteReachable(server: string): boolean {
    const route = this.#routeOf(server);
    const wasAbsent = route.until > 0;
    if (route.unreachable.size > 0) route.unreachable.clear();
    route.until = 0;
    route.nextSeconds = FIRST_ABSENCE_SECONDS;
    return wasAbsent;
  }

  clear(): void {
    this.#routes.ip4 = newRoute();
    this.#routes.ip6 = newRoute();
  }

  #routeOf(server: string): Route {
    return this.#routes[familyOf(server)];
  }
}

/** The family of an address in text, or of `ip@port`. */
export function familyOf(server: string): Family {
  return server.includes(':') ? 'ip6' : 'ip4';
}

function newRoute(): Route {
  return { unreachable: new Set(), until: 0, nextSeconds: FIRST_ABSENCE_SECONDS };
}
