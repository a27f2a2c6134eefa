/** The memory of this process, as a port: what it holds, what it has worked, and giving back what is not needed. */

/** What is known of the process, and what it can do about it. */
export interface OwnMemory {
  /** Octets of V8's heap that are in use (garbage that was not collected counts), and that V8 holds for it. */
  look(): { readonly used: number; readonly held: number };
  /** Processor time so far, ms, of all threads. */
  processorMs(): number;
  /**
   * Begins a collection of V8's garbage, which goes on in pieces beside the work and is over within a second or so; its last piece
   * stops everything for some ms. `small`: what lives is put together, which stops it for some ms more, and the room for new
   * objects is made small until they come again. Compiled code stays.
   */
  beginCollection(small: boolean): void;
  /** Gives back what the C library holds and nobody needs; about a millisecond for ten MB of it. */
  trim(): void;
  /** Lets pages of the program go that the file has as well; those that are needed come again one by one. */
  letGoOfProgram(): void;
}
