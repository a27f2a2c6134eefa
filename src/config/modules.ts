/** The meaning of `module-config`: a list of stages of which Hawser has three, in one order. */

import { unreachable } from '../terms/unreachable.ts';
import type { Config } from './config.ts';

/** The store that is spoken to: Redis, or Valkey. */
export const SHARED_BACKEND = 'redis';

type ModuleSupport = 'own' | 'policy' | 'skipped' | 'refused';

function supportOf(module: string, wantsIpsec: boolean): ModuleSupport {
  switch (module) {
    case 'validator':
    case 'iterator':
    case 'cachedb':
      return 'own';
    // Rules for answers, in force wherever they are listed; dns64 only when it is listed.
    case 'respip':
    case 'dns64':
      return 'policy';
    // Distributions list it by default (with ipsecmod-enabled: no); who wants it would go on without IPsec.
    case 'ipsecmod':
      return wantsIpsec ? 'refused' : 'skipped';
    // It protects nobody by being there.
    case 'subnetcache':
      return 'skipped';
    default:
      return 'refused';
  }
}

/** Orders of our own stages that make sense. */
const ORDERS: readonly string[] = ['validator iterator', 'iterator', 'validator cachedb iterator', 'cachedb iterator'];

/** Tells what is wrong with a list of modules. */
export function checkModules({ server }: Config, tell: (text: string, severity: 'error' | 'warning') => void): void {
  const { moduleConfig: modules, ipsecmodEnabled: wantsIpsec } = server;
  for (const module of modules) {
    const support = supportOf(module, wantsIpsec);
    switch (support) {
      case 'own':
      case 'policy':
        break;
      case 'skipped':
        tell(`module-config lists module '${module}', which has no effect here`, 'warning');
        break;
      case 'refused':
        tell(`module_conf lists module '${module}' but that module is not available.`, 'error');
        break;
      default:
        unreachable(support);
    }
  }
  const own = modules.filter((module) => supportOf(module, wantsIpsec) === 'own').join(' ');
  if (!ORDERS.includes(own)) {
    tell(
      `module conf '${modules.join(' ')}' is not known to work: "validator iterator" or "iterator" expected, cachedb before iterator`,
      'error',
    );
  }
}

/** True when answers are looked for in a store that hosts share, and written there (cachedb). */
export function isSharing({ server, cachedb }: Config): boolean {
  return server.moduleConfig.includes('cachedb') && cachedb.backend === SHARED_BACKEND;
}

/** True when answers are to be validated at all. */
export function isValidating(config: Config): boolean {
  return config.server.moduleConfig.includes('validator');
}
