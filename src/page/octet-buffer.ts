/** What of Node's Buffer the wire format uses, for the browser; the build puts it where `Buffer` is named. */

/** Octets that can be written as text. */
class Octets extends Uint8Array {
  override toString(encoding?: string): string {
    if (encoding === 'hex') return Array.from(this, (octet) => octet.toString(16).padStart(2, '0')).join('');
    const text = Array.from(this, (octet) => String.fromCharCode(octet)).join('');
    return encoding === 'base64' ? btoa(text) : text;
  }
}

/** Octets of a text, a view of an array's buffer, or a copy of octets. */
function from(source: string | ArrayBufferLike | Uint8Array, encoding?: string | number, length?: number): Octets {
  if (source instanceof Uint8Array) return copyOf(source.length, (i) => source[i] ?? 0);
  if (typeof source !== 'string') return new Octets(source as ArrayBuffer, encoding as number, length);
  if (encoding === 'hex') return copyOf(source.length / 2, (i) => Number.parseInt(source.slice(i * 2, i * 2 + 2), 16));
  const text = encoding === 'base64' ? atob(source) : source;
  return copyOf(text.length, (i) => text.charCodeAt(i) & 255);
}

function copyOf(length: number, octetAt: (i: number) => number): Octets {
  const octets = new Octets(new ArrayBuffer(length));
  for (let i = 0; i < length; i++) octets[i] = octetAt(i);
  return octets;
}

/** In place of Node's. */
export const Buffer = { from, alloc: (length: number): Octets => copyOf(length, () => 0) };
