/** What is there at once mostly, and waited for only where it must be: then no promise is made. */

export type Soon<T> = T | Promise<T>;

/** Goes on with a value: at once, when it is there. */
export function andThen<T, U>(value: Soon<T>, next: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
