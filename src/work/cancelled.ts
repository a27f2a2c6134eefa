/** Cancelled: the one rejection of a wait whose work was stopped; caught where works are resolved, never cached. */

/** The asker was stopped while it waited, or the work that it waited for was. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}
