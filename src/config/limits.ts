/**
 * Bounds on what is read as configuration. The file is the operator's, but a mistake (a device as include, a file that
 * includes itself) must end in a finding, not in a process without memory.
 */

/** Characters of all files together (a pattern may name one file many times). A block list of a million names has about 60 million; default and bound 256 million. */
export const MAX_FILE_CHARACTERS = 256 * 1024 * 1024;
/** Files within files. Distributions use two levels; a file that includes itself is stopped here. */
export const MAX_INCLUDE_DEPTH = 16;
/** Files that are read in all, globs included. */
export const MAX_FILES = 10_000;
/** Lines of one directive in one clause, such as `local-data`. */
export const MAX_VALUES_PER_DIRECTIVE = 4_000_000;
/** Lines of one directive that are kept as they were written, to be shown; a longer list is shown in its normal form. */
export const MAX_LINES_AS_WRITTEN = 10_000;
/** Findings that are kept; the rest is counted. Garbage in place of a configuration makes one per line. */
export const MAX_FINDINGS = 1000;
