/** The local ports that queries are sent from, as `outgoing-port-permit` and `outgoing-port-avoid` leave them. */

import type { PortRange } from './form.ts';

/** One line of either directive. The order of lines counts: the last one about a port decides. */
export interface OutgoingPortRule extends PortRange {
  readonly isPermitted: boolean;
}

/** Ports below are reserved for services and need privileges to bind (RFC 6335 §6: system ports). */
const FIRST_UNPRIVILEGED_PORT = 1024;
const LAST_PORT = 65535;

/** All ports that may be used, ascending (RFC 5452 §9.2: as many as possible). Port 0 never is one. */
export function outgoingPorts(rules: readonly OutgoingPortRule[]): Uint16Array {
  const isAllowed = new Uint8Array(LAST_PORT + 1).fill(1, FIRST_UNPRIVILEGED_PORT);
  for (const rule of rules) isAllowed.fill(rule.isPermitted ? 1 : 0, rule.first, rule.last + 1);
  isAllowed[0] = 0;
  const ports = new Uint16Array(isAllowed.reduce((sum, flag) => sum + flag, 0));
  let at = 0;
  for (let port = 1; port <= LAST_PORT; port++) {
    if (isAllowed[port] === 1) ports[at++] = port;
  }
  return ports;
}
