/** Bounds on clients of the page. None has a directive: a page for one person needs no more. */

import type { HttpLimits } from '../ports/http-server.ts';

/** Bounds on HTTP; what is refused is counted by these names (`num.web.refused.NAME`). */
export const PAGE_HTTP_LIMITS: HttpLimits = {
  /** A browser sends about 700 octets. */
  headOctets: 8192,
  /** A browser sends a head in one piece; Slowloris sends it for ever. */
  headMs: 10_000,
  requestMs: 15_000,
  /** Longer than the check of a domain with several dead hosts, of which each may take CHECK_TIMEOUT_MS. */
  exchangeMs: 180_000,
  idleMs: 15_000,
  /** A browser opens 6 to one server. */
  connections: 32,
  requestsPerConnection: 1000,
};

/** Octets of the body of a request: a name, a type, and a few words around them; a name is at most 255 octets. */
export const MAX_BODY_OCTETS = 4096;
/** Resolutions, checks and examinations under way at once for the page; one more is told to wait. */
export const MAX_ACTIONS = 4;
/** Milliseconds that one connection of a DANE check may take. */
export const CHECK_TIMEOUT_MS = 20_000;
/** Samples of the statistics that are kept for plots, the newest ones: an hour. */
export const MAX_SAMPLES = 360;
/** Milliseconds between samples. */
export const SAMPLE_MS = 10_000;

/** Port of the page without another one: free of services that a mail host has. */
export const DEFAULT_PAGE_PORT = 8153;
