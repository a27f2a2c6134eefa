/** How fast a server answers, as RFC 6298 smooths it with Unbound's bounds. A value: what changes it makes a new one. */

/** Bounds of a timeout, ms. */
interface TimeoutBounds {
  /** `infra-cache-min-rtt`, `infra-cache-max-rtt`. */
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
}

/** The measure of one server. */
export interface RoundTrip {
  /** Smoothed round trip time, ms; -1: nothing has been measured. */
  readonly smoothedMs: number;
  readonly variationMs: number;
}

/** Of a server that has not answered yet; its timeout is the one for unknown servers. */
export function unmeasured(unknownTimeoutMs: number): RoundTrip {
  return { smoothedMs: -1, variationMs: unknownTimeoutMs / 4 };
}

/** True when there was an answer. */
export function isMeasured({ smoothedMs }: RoundTrip): boolean {
  return smoothedMs >= 0;
}

/** With one more answer, RFC 6298 §2: the first measurement stands for itself, later ones are smoothed. */
export function withAnswer(before: RoundTrip, rttMs: number): RoundTrip {
  const { smoothedMs, variationMs } = before;
  if (!isMeasured(before)) return { smoothedMs: rttMs, variationMs: rttMs / 2 };
  return {
    smoothedMs: smoothedMs + (rttMs - smoothedMs) / 8,
    variationMs: variationMs + (Math.abs(rttMs - smoothedMs) - variationMs) / 4,
  };
}

/** How long an answer may take, ms, without the bounds. */
export function plainTimeoutMs({ smoothedMs, variationMs }: RoundTrip): number {
  return Math.max(0, smoothedMs) + 4 * variationMs;
}

export function clampTimeout(timeoutMs: number, { minTimeoutMs, maxTimeoutMs }: TimeoutBounds): number {
  return Math.max(minTimeoutMs, Math.min(maxTimeoutMs, timeoutMs));
}
