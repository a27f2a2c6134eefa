/**
 * Takes what stands past so many places off a list. Where mostly nothing or a few are too many: to set a list's length is a call out of
 * compiled code.
 */
export function shorten(list: unknown[], length: number): void {
  while (list.length > length) list.pop();
}
