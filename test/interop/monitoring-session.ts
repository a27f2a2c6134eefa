/**
 * Session: a real Prometheus with the rules and configuration of packaging/monitoring asks Hawser, which has no root anchor and
 * a zone that cannot be proven. Prints one line of JSON: what promtool says of both forms of the metrics, the target's state,
 * which alerts fire, expressions of the dashboard that do not evaluate, and what Debian's munin plugin prints. Runs inside a
 * network namespace.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { dig, Session, serveWithNsd, startHawser } from './daemons.ts';
import { findProgram, PROJECT } from './programs.ts';

const MONITORING = join(PROJECT, 'packaging/monitoring');
const MUNIN = '/usr/share/munin/plugins/unbound_munin_';
const GRAPHS = ['hits', 'queue', 'memory', 'by_type', 'by_class', 'by_opcode', 'by_rcode', 'by_flags', 'histogram'];
const PROMETHEUS = 'http://127.0.0.1:9090';
const ZONE =
  '$ORIGIN broken.test.\n$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\n';
/** Wrong digests: nothing of the zone is proven. */
const ANCHOR = `broken.test. DS 12345 13 2 ${'00'.repeat(32)}`;

function get(url: string, headers: Record<string, string> = {}): Promise<{ type: string; body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ type: response.headers['content-type'] ?? '', body }));
    });
    asking.on('error', reject).end();
  });
}

async function api(path: string): Promise<{ status: string; data: unknown; error?: string }> {
  return JSON.parse((await get(`${PROMETHEUS}${path}`)).body);
}

async function until<T>(read: () => Promise<T | null>, what: string): Promise<T> {
  const giveUpAt = Date.now() + 90_000;
  for (;;) {
    const found = await read().catch(() => null);
    if (found !== null) return found;
    if (Date.now() > giveUpAt) throw new Error(`in vain waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The rules and the configuration as they are, but for how long is waited: seconds in place of minutes and hours. */
function startPrometheus(session: Session): void {
  const rules = readFileSync(join(MONITORING, 'hawser-alerts.yaml'), 'utf8').replace(/for: \d+[mh]/g, 'for: 1s');
  session.file('hawser-alerts.yaml', rules);
  const config = readFileSync(join(MONITORING, 'prometheus.yaml'), 'utf8').replaceAll('30s', '1s');
  const options = ['--web.listen-address=127.0.0.1:9090', `--storage.tsdb.path=${session.folder}/tsdb`];
  session.start('prometheus', findProgram('prometheus') as string, [
    `--config.file=${session.file('prometheus.yaml', config)}`,
    ...options,
  ]);
}

/** Expressions of the dashboard, its variables filled in. */
function dashboardExpressions(): string[] {
  const dashboard = JSON.parse(readFileSync(join(MONITORING, 'grafana-hawser.json'), 'utf8'));
  const targets = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) => panel.targets ?? []);
  return targets.map(({ expr }: { expr: string }) =>
    expr.replaceAll('$__rate_interval', '10s').replaceAll('$job', '.*').replaceAll('$instance', '.*'),
  );
}

async function failingExpressions(): Promise<string[]> {
  const failing: string[] = [];
  for (const expression of dashboardExpressions()) {
    const { status, error } = await api(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    if (status !== 'success') failing.push(`${expression}: ${error}`);
  }
  return failing;
}

function muninValues(session: Session): Record<string, { config: string; values: string }> {
  const folder = join(session.folder, 'munin');
  mkdirSync(folder);
  const env = {
    ...process.env,
    MUNIN_PLUGSTATE: folder,
    unbound_conf: join(session.folder, 'hawser.conf'),
    unbound_control: join(PROJECT, 'bin/hawser-control'),
  };
  return Object.fromEntries(
    GRAPHS.map((graph) => {
      const plugin = join(folder, `unbound_munin_${graph}`);
      symlinkSync(MUNIN, plugin);
      const run = (...words: string[]): string => execFileSync('sh', [plugin, ...words], { env, encoding: 'utf8' });
      return [graph, { config: run('config'), values: run() }];
    }),
  );
}

const session = new Session();
try {
  await serveWithNsd(session, 'broken.test', ZONE, ['192.0.2.53']);
  await startHawser(
    session,
    `server:
  interface: 127.0.0.1
  port: 5300
  username: ""
  use-syslog: no
  pidfile: ""
  do-not-query-localhost: no
  metrics-interface: 127.0.0.1
  extended-statistics: yes
  local-zone: "test." nodefault
  trust-anchor: "${ANCHOR}"
stub-zone:
  name: broken.test
  stub-addr: 192.0.2.53
remote-control:
  control-enable: yes
  control-interface: "${session.folder}/control"
`,
    5300,
  );
  startPrometheus(session);
  const endpoint = 'http://127.0.0.1:9167/metrics';
  const target = await until(async () => {
    const { activeTargets } = (await api('/api/v1/targets')).data as {
      activeTargets: { health: string; lastError: string }[];
    };
    return activeTargets[0]?.health === 'up' || activeTargets[0]?.health === 'down' ? activeTargets[0] : null;
  }, 'the first scrape');
  // Counters must be seen to rise: bogus questions between scrapes.
  const asking = setInterval(() => dig('127.0.0.1', 5300, [`q${Date.now()}.broken.test`, 'A', '+tries=1']), 250);
  const wanted = ['HawserTrustAnchorMissing', 'HawserBogusRising'];
  const firing = await until(async () => {
    const { alerts } = (await api('/api/v1/alerts')).data as {
      alerts: { state: string; labels: { alertname: string } }[];
    };
    const names = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
    return wanted.every((name) => names.includes(name)) ? [...new Set(names)].sort() : null;
  }, `${wanted.join()} to fire`).finally(() => clearInterval(asking));
  const { body: plain, type: plainType } = await get(endpoint);
  const { body: open, type: openType } = await get(endpoint, { Accept: 'application/openmetrics-text; version=1.0.0' });
  const linted = spawnSync('promtool', ['check', 'metrics'], { input: plain, encoding: 'utf8' });
  const rules = spawnSync('promtool', ['check', 'rules', join(MONITORING, 'hawser-alerts.yaml')], { encoding: 'utf8' });
  const tested = spawnSync('promtool', ['test', 'rules', 'hawser-alerts-test.yaml'], {
    cwd: MONITORING,
    encoding: 'utf8',
  });
  const scrapes = (await api('/api/v1/query?query=scrape_samples_scraped')).data as {
    result: { value: [number, string] }[];
  };
  process.stdout.write(
    `${JSON.stringify({
      target: { health: target.health, lastError: target.lastError },
      firing,
      samples: Number(scrapes.result[0]?.value[1]),
      plain: { type: plainType, samples: plain.split('\n').filter((line) => /^[a-z]/.test(line)).length },
      open: { type: openType, body: open },
      linted: { status: linted.status, text: linted.stdout + linted.stderr },
      rules: { status: rules.status, text: rules.stdout + rules.stderr },
      tested: { status: tested.status, text: tested.stdout + tested.stderr },
      failing: await failingExpressions(),
      munin: muninValues(session),
    })}\n`,
  );
} finally {
  await session.stop();
}
