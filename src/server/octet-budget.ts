/** Memory that many share: octets are taken while there are any, and given back. */

export class OctetBudget {
  /** Octets that may be taken in all. */
  limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes so many; false when there are not so many left. */
  take(octets: number): boolean {
    if (this.#taken + octets > this.limit) return false;
    this.#taken += octets;
    return true;
  }

  give(octets: number): void {
    this.#taken -= octets;
  }
}
