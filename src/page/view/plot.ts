/** A plot over time as inline SVG: one or two series, drawn as areas on top of each other. */

import { type ComponentChild, h } from 'preact';
import { timeText } from './element.ts';

/** Units of the picture; CSS gives it its size. */
const WIDTH = 360;
const HEIGHT = 130;
/** Room for `10000 ms` at the left of the scale. */
const LEFT = 64;
const BOTTOM = 20;
const TOP = 8;

/** One moment; values are in the order of the series. */
export interface Point {
  /** Unix seconds. */
  readonly at: number;
  readonly values: readonly number[];
}

interface PlotProps {
  readonly title: string;
  readonly series: readonly string[];
  readonly points: readonly Point[];
  readonly textOf: (value: number) => string;
}

export function Plot({ title, series, points, textOf }: PlotProps): ComponentChild {
  const totals = points.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const top = roundUp(Math.max(...totals, 0));
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 1];
  const x = (at: number): number => LEFT + ((at - first) / Math.max(1, last - first)) * (WIDTH - LEFT - 4);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const areas = series.map((_, i) => {
    const upTo = (values: readonly number[]): number => values.slice(0, i + 1).reduce((sum, value) => sum + value, 0);
    const upper = points.map(({ at, values }) => `${x(at).toFixed(1)},${y(upTo(values)).toFixed(1)}`);
    return h('polygon', { class: `series-${i}`, points: `${x(first)},${y(0)} ${upper.join(' ')} ${x(last)},${y(0)}` });
  });
  const lines = [0, top / 2, top].map((value) => [
    h('line', { class: 'rule', x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    h('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, textOf(value)),
  ]);
  const times = h(
    'g',
    null,
    h('text', { x: LEFT, y: HEIGHT - 4 }, timeText(first)),
    h('text', { x: WIDTH, y: HEIGHT - 4, 'text-anchor': 'end' }, timeText(last)),
  );
  const latest =
    points
      .at(-1)
      ?.values.map((value, i) => `${series[i]} ${textOf(value)}`)
      .join(', ') ?? '';
  const most = textOf(Math.max(...totals, 0));
  return h(
    'figure',
    { class: 'plot' },
    h(
      'figcaption',
      null,
      h('b', null, title),
      h(
        'span',
        { class: 'keys' },
        series.length < 2 ? null : series.map((name, i) => h('span', { class: `key-${i}` }, name)),
      ),
    ),
    points.length < 2
      ? h('p', { class: 'hint' }, 'Not enough seen yet: a point is added every 10 seconds.')
      : h(
          'svg',
          { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${title}: now ${latest}; at most ${most}` },
          lines,
          areas.reverse(),
          times,
        ),
  );
}

/** 1, 2 or 5 with zeros, not less than the value. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}
