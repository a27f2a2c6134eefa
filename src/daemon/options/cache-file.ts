/** The cache file, out of the configuration (cache-file, cache-file-interval, cache-file-size). */

import { absolutePath } from '../../config/check-files.ts';
import type { Config } from '../../config/config.ts';

interface CacheFileOptions {
  /** Empty: none is kept. */
  readonly path: string;
  /** Seconds from one writing to the next; 0: only at a stop. */
  readonly intervalSeconds: number;
  /** Octets that the file may have. */
  readonly maxOctets: number;
}

export function cacheFileOptions(config: Config): CacheFileOptions {
  const { cacheFile, cacheFileInterval, cacheFileSize } = config.server;
  return {
    path: absolutePath(config, cacheFile),
    intervalSeconds: cacheFileInterval,
    maxOctets: cacheFileSize,
  };
}
