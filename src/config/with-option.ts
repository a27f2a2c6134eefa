/** A configuration with one option changed while running (`set_option`). */

import type { Config } from './config.ts';
import { FormError } from './form.ts';
import { camelCase } from './option.ts';
import { rowOf } from './options-table.ts';

/** The changed configuration, or why the option cannot be set; empty where there is nothing to add. */
type OptionSet =
  | { readonly ok: true; readonly config: Config; readonly directive: string }
  | { readonly ok: false; readonly why: string };

/** Sets a directive of `server:`. A colon at the end of the name is allowed. */
export function withOption(config: Config, name: string, value: string): OptionSet {
  const found = rowOf('server', name.endsWith(':') ? name.slice(0, -1) : name);
  if (found === null) return { ok: false, why: '' };
  const { directive, row } = found;
  if (!row.support.isLive || row.kind !== 'one' || row.form.argumentCount !== 1) {
    return { ok: false, why: `${directive} is not changed while running: change the file and reload` };
  }
  const read = row.form.read(unquoted(value));
  if (read instanceof FormError) return { ok: false, why: read.text };
  const server = { ...config.server, [camelCase(directive)]: read };
  const given = { ...config.given, [directive]: unquoted(value) };
  return { ok: true, directive, config: { ...config, server, given } };
}

/** Operators quote values as in the file. */
function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
