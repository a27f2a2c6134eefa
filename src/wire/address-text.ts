/** Addresses with a port, as keys and in text: `192.0.2.1@53`, and the ports that DNS has. */

/** DNS over UDP and TCP (RFC 1035 §4.2). */
export const DNS_PORT = 53;
/** DNS over TLS (RFC 7858 §3.1). */
export const TLS_PORT = 853;

export function addressText({ ip, port }: { readonly ip: string; readonly port: number }): string {
  return `${ip}@${port}`;
}

/** The address in a text that `addressText` made. */
export function ipOfAddressText(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text : text.slice(0, at);
}
