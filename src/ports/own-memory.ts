/** The memory of this process, as a port: what it holds, what it has worked, and giving back what is not needed. */

/** What is known of the process, and what it can do about it. */
export interface OwnMemory {
  /** Octets of V8's heap that are in use (garbage that was not collected counts), and that V8 holds for it. */
  look(): { readonly used: number; readonly held: number };
  /** Processor time so far, ms, of all threads. */
  processorMs(): number;
  /** Gives back what nobody needs; the octets that V8 holds then. Nothing else runs meanwhile: some ms for each MB in use. */
  giveBack(): number;
}
