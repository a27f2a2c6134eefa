/** Addresses of zone files on the web: `http://host[:port]/path`, `https://...`. */

export interface HttpUrl {
  readonly secure: boolean;
  /** Without brackets for IPv6. */
  readonly host: string;
  readonly port: number;
  /** With query, starts with a slash. */
  readonly path: string;
  /** For the Host header (RFC 9110 §7.2). */
  readonly authority: string;
}

/** Reads a URL; null when it is none that we can fetch. */
export function readHttpUrl(text: string): HttpUrl | null {
  const match = /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?(\/[\x21-\x7e]*)?$/i.exec(text);
  if (match === null) return null;
  const secure = match[1]?.toLowerCase() === 'https';
  const port = match[3] === undefined ? (secure ? 443 : 80) : Number(match[3]);
  const host = match[2] ?? '';
  if (port < 1 || port > 65_535) return null;
  const authority = match[3] === undefined ? host : `${host}:${port}`;
  return { secure, host: host.replace(/^\[|\]$/g, ''), port, path: match[4] ?? '/', authority };
}
