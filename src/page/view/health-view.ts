/** How the daemon and this host are: statistics now and over time, bogus names of the last hour, the doctor. */

import { type ComponentChild, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { BogusLine, DoctorLine, Health, Sample } from '../../web/messages.ts';
import { ask, askForSteps } from './calls.ts';
import { badge, banner, section, type Tone, timeText } from './element.ts';
import { Failure } from './failure-view.ts';
import { Plot, type Point } from './plot.ts';

const REFRESH_MS = 10_000;
const LEVELS: Readonly<Record<DoctorLine['level'], Tone>> = { ok: 'good', warning: 'warn', failure: 'bad' };

export function HealthView(): ComponentChild {
  const [health, setHealth] = useState<Health | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const look = (): void => {
      if (document.hidden) return;
      ask<Health>('/api/health', null).then(
        (seen) => {
          setHealth(seen);
          setFailure(null);
        },
        (error: unknown) => setFailure(error),
      );
    };
    look();
    const timer = setInterval(look, REFRESH_MS);
    return () => clearInterval(timer);
  }, [turn]);
  return h(
    'div',
    null,
    failure === null ? null : h(Failure, { failure, again: () => setTurn(turn + 1) }),
    health === null ? null : h(Daemon, { health }),
    failure === null ? h(Doctor, null) : null,
  );
}

function Daemon({ health }: { readonly health: Health }): ComponentChild {
  const { daemon, statistics, samples, bogus } = health;
  if (daemon === null) return banner('warn', 'No daemon is seen', h('p', null, health.why));
  const of = (name: string): number => statistics[name] ?? 0;
  const queries = of('total.num.queries');
  const hits = of('total.num.cachehits');
  const tiles: [string, string][] = [
    ['up', durationText(daemon.upSeconds)],
    ['queries', numberText(queries)],
    ['from the cache', queries === 0 ? '–' : `${((hits / queries) * 100).toFixed(1)} %`],
    ['mean of the rest', secondsText(of('total.recursion.time.avg'))],
    ['in progress', numberText(of('total.requestlist.current.all'))],
    ...('num.answer.secure' in statistics
      ? [['answers secure', numberText(of('num.answer.secure'))] as [string, string]]
      : []),
    ['bogus names, last hour', numberText(bogus.length)],
  ];
  return h(
    'div',
    null,
    h(
      'p',
      { class: 'hint' },
      `${daemon.version}; statistics since they were last set back, as of ${timeText(health.at)}`,
    ),
    h(
      'dl',
      { class: 'tiles' },
      tiles.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
    ),
    h(TurnedAway, { statistics }),
    section('The last hour', h('div', { class: 'plots' }, plots(samples))),
    section('Bogus names of the last hour', bogusTable(bogus)),
  );
}

function plots(samples: readonly Sample[]): ComponentChild[] {
  const points = (valuesOf: (sample: Sample) => readonly number[]): Point[] =>
    samples.map((sample) => ({ at: sample.at, values: valuesOf(sample) }));
  const perTurn = (value: number): string => numberText(Math.round(value * 10) / 10);
  return [
    h(Plot, {
      title: 'Queries in 10 s',
      series: ['from the cache', 'resolved'],
      points: points(({ cacheHits, cacheMisses }) => [cacheHits, cacheMisses]),
      textOf: perTurn,
    }),
    h(Plot, {
      title: 'Mean time of resolutions',
      series: ['seconds'],
      points: points(({ recursionSeconds }) => [recursionSeconds]),
      textOf: secondsText,
    }),
  ];
}

/** Requests to this page that were refused: somebody else on this host, or another site in this browser. */
function TurnedAway({ statistics }: Pick<Health, 'statistics'>): ComponentChild {
  const counts = Object.entries(statistics).flatMap(([name, count]) => {
    const why = /^num\.web\.refused\.(.+)$/.exec(name)?.[1];
    return why === undefined || count === 0 ? [] : [`${why} ${count}`];
  });
  return counts.length === 0
    ? null
    : h('p', { class: 'hint' }, `Requests turned away by this page: ${counts.join(', ')}`);
}

function bogusTable(bogus: readonly BogusLine[]): ComponentChild {
  if (bogus.length === 0) return badge('good', 'none');
  const rows = bogus.map(({ name, type, reason, count, last }) =>
    h(
      'tr',
      null,
      h('td', null, h('a', { href: `#explain?${new URLSearchParams({ name, type })}` }, `${name} ${type}`)),
      h('td', null, reason),
      h('td', { class: 'number' }, `${count} ×, ${timeText(last)}`),
    ),
  );
  const head = h(
    'tr',
    null,
    ['Name', 'Why', 'Seen'].map((text) => h('th', { scope: 'col' }, text)),
  );
  return h('div', { class: 'scroll', tabIndex: 0 }, h('table', null, h('thead', null, head), h('tbody', null, rows)));
}

interface Examination {
  readonly lines: readonly DoctorLine[];
  readonly isRunning: boolean;
  readonly isDone: boolean;
  readonly failure: unknown;
}

function Doctor(): ComponentChild {
  const [state, setState] = useState<Examination>({ lines: [], isRunning: false, isDone: false, failure: null });
  const run = async (): Promise<void> => {
    setState({ lines: [], isRunning: true, isDone: false, failure: null });
    try {
      for await (const message of askForSteps<DoctorLine>('/api/doctor', {}))
        if (message.kind === 'part') setState((before) => ({ ...before, lines: [...before.lines, message.part] }));
      setState((before) => ({ ...before, isRunning: false, isDone: true }));
    } catch (failure) {
      setState((before) => ({ ...before, isRunning: false, failure }));
    }
  };
  const { lines, isRunning, isDone, failure } = state;
  const count = (level: DoctorLine['level']): number => lines.filter((line) => line.level === level).length;
  const summary = `${count('ok')} ok, ${count('warning')} warnings, ${count('failure')} failures`;
  return section(
    'This host',
    h(
      'p',
      null,
      'Network, clock, trust anchor, resolv.conf, Postfix: what keeps mail from being protected, or from going out at all.',
    ),
    h(
      'button',
      { type: 'button', disabled: isRunning, onClick: () => void run() },
      isRunning ? 'Looking …' : 'Examine',
    ),
    failure === null ? null : h(Failure, { failure, again: () => void run() }),
    h('p', { role: 'status' }, isRunning ? `${lines.length} checks done …` : isDone ? summary : ''),
    h(
      'ul',
      { class: 'findings' },
      lines.map(({ level, title, cause, remedy }) =>
        h(
          'li',
          null,
          badge(LEVELS[level], title),
          ' ',
          h('span', null, `${cause}.`),
          remedy === null ? null : h('p', { class: 'remedy' }, remedy),
        ),
      ),
    ),
  );
}

function numberText(value: number): string {
  return value.toLocaleString('en');
}

function secondsText(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function durationText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return hours > 0 ? `${hours} h ${Math.floor((seconds % 3600) / 60)} min` : `${Math.floor(seconds / 60)} min`;
}
