/** Why a request to the page is refused: by what it is, or by a bound on clients. Each has a counter, `num.web.refused.NAME`. */

/** With what is counted, for statistics. */
export const WEB_REFUSAL_TEXT = {
  host: 'for another host name (DNS rebinding)',
  origin: 'from a page of another origin',
  'cross-site': 'from another site',
  'not-found': 'for what is not there',
  method: 'with a wrong method',
  token: 'without the token, or with a wrong one',
  type: 'with a body that is not JSON',
  body: 'with too long a body',
  busy: 'while too much was under way',
  words: 'that could not be understood',
  head: 'with too long a head',
  slow: 'that did not come in time',
  connections: 'beyond the connections that may be open',
  exchange: 'whose reply was not read in time',
  malformed: 'that were no HTTP',
} as const;

export type WebRefusal = keyof typeof WEB_REFUSAL_TEXT;
