/**
 * The check program: reads a configuration, says what is wrong with it, or shows the value of a directive.
 *
 * Takes the arguments of unbound-checkconf and gives its exit codes: 0 when the file is good, 1 when not or when the
 * arguments are wrong. Leaves to others: streams and the process (cli/hawser-checkconf.ts).
 */

import type { Files } from '../ports/files.ts';
import { absolutePath } from './check-files.ts';
import type { Config } from './config.ts';
import { DEFAULT_PATHS, defaultConfigPath } from './default-path.ts';
import { type Finding, findingText } from './finding.ts';
import { path as pathForm } from './form.ts';
import { loadConfig } from './load-config.ts';
import { optionText } from './option-text.ts';
import { rowOf } from './options-table.ts';
import { readShortFlags } from './short-flags.ts';

const PROGRAM = 'hawser-checkconf';

const USAGE = `Usage:	${PROGRAM} [options] [file]
	Checks a configuration file in the form of unbound.conf for errors.
file	if omitted ${DEFAULT_PATHS} is used.
-o option	print value of option to stdout.
-f 		output full pathname with directory applied, eg. with -o pidfile.
-q 		quiet: no output when there are no errors.
-h		show this usage help.
`;

/** Where the program's words go. */
interface CheckconfOutput {
  readonly files: Files;
  /** What is wrong with the contents of the files that a configuration names; asked where the rest is good. */
  inspect?(config: Config): readonly Finding[];
  out(text: string): void;
  err(text: string): void;
}

interface Arguments {
  /** Null: the default one. */
  readonly file: string | null;
  readonly option: string | null;
  readonly isFullPath: boolean;
  readonly isQuiet: boolean;
}

/** Runs the program with the arguments after its name; returns the exit code. */
export function runCheckconf(args: readonly string[], output: CheckconfOutput): 0 | 1 {
  const read = readArguments(args);
  if (read === null || typeof read === 'string') {
    if (typeof read === 'string') output.err(`${PROGRAM}: ${read}\n`);
    output.out(USAGE);
    return 1;
  }
  const named = { ...read, file: read.file ?? defaultConfigPath(output.files) };
  return read.option === null ? check(named, output) : show(named, read.option, output);
}

/** The arguments, an error text, or null when help is asked for. */
function readArguments(args: readonly string[]): Arguments | string | null {
  const read = readShortFlags(args, { withValue: 'o', withoutValue: 'fqh' });
  if (typeof read === 'string') return read;
  const { values, words } = read;
  if (values.has('h')) return null;
  if (words.length > 1) return 'one file expected';
  const option = values.get('o')?.at(-1) ?? null;
  return { file: words[0] ?? null, option, isFullPath: values.has('f'), isQuiet: values.has('q') };
}

/** Arguments with the file that they mean. */
type NamedArguments = Arguments & { readonly file: string };

function check({ file, isQuiet }: NamedArguments, output: CheckconfOutput): 0 | 1 {
  const loaded = loadConfig(output.files, file, 'files');
  const found = loaded.ok ? [...loaded.warnings, ...(output.inspect?.(loaded.config) ?? [])] : loaded.findings;
  for (const finding of found) output.err(`${findingText(finding)}\n`);
  const errorCount = loaded.ok ? found.filter(({ severity }) => severity === 'error').length : loaded.errorCount;
  if (errorCount > 0) {
    output.err(`read ${file} failed: ${errorCount} errors in configuration file\n`);
    return 1;
  }
  if (!isQuiet) output.out(`${PROGRAM}: no errors in ${file}\n`);
  return 0;
}

function show({ file, isFullPath }: NamedArguments, option: string, output: CheckconfOutput): 0 | 1 {
  const loaded = loadConfig(output.files, file, 'values');
  if (!loaded.ok) {
    for (const finding of loaded.findings) output.err(`${findingText(finding)}\n`);
    output.err(`read ${file} failed: ${loaded.errorCount} errors in configuration file\n`);
    return 1;
  }
  const lines = optionText(loaded.config, option);
  if (lines === null) {
    output.err(`${PROGRAM}: fatal error: cannot print option '${option}'\n`);
    return 1;
  }
  for (const line of lines) output.out(`${isFullPath ? fullPath(loaded.config, option, line) : line}\n`);
  return 0;
}

function fullPath(config: Config, option: string, text: string): string {
  const directive = option.replace(/:$/, '');
  const row = rowOf('server', directive)?.row ?? rowOf('remote-control', directive)?.row;
  return row?.form.phrase === pathForm.phrase && directive !== 'directory' ? absolutePath(config, text) : text;
}
