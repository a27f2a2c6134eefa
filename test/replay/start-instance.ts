/** Starts a whole resolver, from the text of a configuration to listening sockets, on whichever ports it is given. */

import type { Finding } from '../../src/config/finding.ts';
import { parseConfigText } from '../../src/config/load-config.ts';
import { assemble, type Ports, type ResolverInstance } from '../../src/daemon/resolver-instance.ts';
import type { OpenStore } from '../../src/ports/shared-store.ts';
import { Daemon } from '../../src/server/daemon.ts';
import { FakeHttp } from '../fake/fake-http.ts';

/** Milliseconds that waiting clients are given at the stop. */
const DRAIN_MS = 100;

/** A resolver that listens. */
export interface RunningInstance {
  readonly instance: ResolverInstance;
  readonly daemon: Daemon;
  stop(): Promise<void>;
}

/** Starts; or says why not. */
export async function startInstance(
  configText: string,
  ports: Ports,
  openStore?: OpenStore,
): Promise<RunningInstance | string> {
  const loaded = parseConfigText(configText, 'test.conf', ports.files);
  if (!loaded.ok) return errorsText(loaded.findings);
  const assembled = await assemble({ config: loaded.config, ports, ...(openStore === undefined ? {} : { openStore }) });
  if (!assembled.ok) return errorsText(assembled.findings);
  const { instance } = assembled;
  const daemon = new Daemon({ ...ports, http: new FakeHttp() });
  const problems = await daemon.listen(instance.serve, instance.server);
  if (problems.length > 0) {
    daemon.stop();
    return problems.map(({ text }) => text).join('; ');
  }
  return {
    instance,
    daemon,
    stop: async () => {
      await daemon.drain(instance.serve, DRAIN_MS);
      daemon.stop();
      instance.stop();
    },
  };
}

function errorsText(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error');
  return errors.map(({ file, line, text }) => `${file}:${line}: ${text}`).join('; ');
}
