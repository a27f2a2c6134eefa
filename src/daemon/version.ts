/** What the programs call themselves. */

/** Version of all programs; the same as in package.json (a test holds them together). */
export const VERSION = '0.1.0';
/** Name and version, as version.bind and `-V` tell them. */
export const PROGRAM_VERSION = `hawser ${VERSION}`;
/** User of `username` when nothing is configured: the one that Unbound's packages make. */
export const DEFAULT_USER = 'unbound';
