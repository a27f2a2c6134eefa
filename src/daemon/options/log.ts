/** Where the log goes, out of the configuration. */

import { absolutePath } from '../../config/check-files.ts';
import type { Config } from '../../config/config.ts';
import { DEFAULT_LOG_IDENTITY, type LogTarget } from '../../ports/log-sink.ts';

/** Where the log goes by configuration; syslog wins over the file, as in Unbound. */
export function logTarget({ server, ...rest }: Config, logToStderr: boolean): LogTarget {
  const file = server.logfile === '' || logToStderr ? null : absolutePath({ server, ...rest }, server.logfile);
  return {
    file,
    syslog: server.useSyslog && !logToStderr,
    identity: server.logIdentity || DEFAULT_LOG_IDENTITY,
    time: server.logTimeAscii ? (server.logTimeIso ? 'iso' : 'ascii') : 'epoch',
    hasThreadId: server.logThreadId,
    isJson: server.logFormat === 'json',
  };
}
