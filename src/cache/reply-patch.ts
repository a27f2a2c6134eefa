/** A kept reply made the answer to one query: id, flags and spelling of the question are the query's. */

const HEADER_OCTETS = 12;
const RD = 0x01;
const AD = 0x20;
const CD = 0x10;

/** Header of the reply in `out` for this query; `hasAd`: AD is set. @hot bench/serve-cached-lookup.ts */
export function answerQuery(out: Uint8Array, query: Uint8Array, hasAd: boolean): void {
  out[0] = query[0] as number;
  out[1] = query[1] as number;
  out[2] = ((out[2] as number) & ~RD) | ((query[2] as number) & RD);
  out[3] = ((out[3] as number) & ~(AD | CD)) | ((query[3] as number) & CD) | (hasAd ? AD : 0);
}

/** The question as the query spells it. @hot bench/serve-cached-lookup.ts */
export function copyQuestion(out: Uint8Array, query: Uint8Array, questionEnd: number): void {
  for (let i = HEADER_OCTETS; i < questionEnd; i++) out[i] = query[i] as number;
}
