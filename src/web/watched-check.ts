/** A DANE check whose steps are shown as they begin and end: look-ups and connections, each with what came of it. */

import type { CheckParts } from '../dane/check-host.ts';
import type { LookUp } from '../dane/look-up.ts';
import type { TlsProbe, TlsProbed } from '../ports/tls-probe.ts';
import { formatName } from '../wire/name-text.ts';
import { typeText } from '../wire/rr-type.ts';
import type { TellStep } from './page-server.ts';

/** The parts of a check, each use of which is shown. */
export function watchedParts(parts: CheckParts, tell: TellStep): CheckParts {
  let id = 0;
  const watched = async <T>(what: string, run: Promise<T>, endOf: (result: T) => string): Promise<T> => {
    const own = id++;
    tell({ id: own, text: what, isDone: false });
    const result = await run;
    tell({ id: own, text: `${what}: ${endOf(result)}`, isDone: true });
    return result;
  };
  const lookUp: LookUp = (name, type) =>
    watched(`${formatName(name)} ${typeText(type)}`, parts.lookUp(name, type), ({ status, outcome }) =>
      outcome === 'none'
        ? status
        : `${status}, ${outcome === 'data' ? 'found' : outcome === 'nodata' ? 'no such record' : 'no such name'}`,
    );
  const { tls } = parts;
  const watchedTls: TlsProbe | null =
    tls === null
      ? null
      : {
          probe: (request) =>
            watched(`connection to ${request.remote.ip} port ${request.remote.port}`, tls.probe(request), probeEnd),
        };
  return { ...parts, lookUp, tls: watchedTls };
}

function probeEnd(probed: TlsProbed): string {
  return probed.kind === 'failed' ? probed.text : `${probed.protocol}, ${probed.chain.length} certificates`;
}
