/** Macros in the steps of a scenario: `${time}`, `${timeout}`, `${ctime n}`, `${range lo n hi}`, variables and sums. */

import { ScenarioError } from './scenario.ts';

/** Seconds by which a value of `range` may lie outside it. */
const RANGE_SLACK_SECONDS = 3;

/** What macros can know. */
export interface MacroSource {
  unixSeconds(): number;
  /** Seconds until the next probe of a trust anchor. */
  timeoutSeconds(): number;
  readonly variables: Map<string, string>;
}

/** Replaces all macros of a text. */
export function expandMacros(text: string, source: MacroSource): string {
  let expanded = '';
  let rest = text;
  for (;;) {
    const start = rest.indexOf('${');
    if (start < 0) return expanded + rest;
    expanded += rest.slice(0, start);
    const macro = readMacro(rest.slice(start + 2), source);
    expanded += macro.value;
    rest = macro.rest;
  }
}

interface Macro {
  readonly value: string;
  readonly rest: string;
}

/** `text` follows the opening brace; inner macros are expanded first. */
function readMacro(text: string, source: MacroSource): Macro {
  let body = '';
  let rest = text;
  while (!rest.startsWith('}')) {
    if (rest === '') throw new ScenarioError('macro without its closing brace');
    if (rest.startsWith('${')) {
      const inner = readMacro(rest.slice(2), source);
      body += inner.value;
      rest = inner.rest;
    } else {
      body += rest.charAt(0);
      rest = rest.slice(1);
    }
  }
  const named = body.replace(/\$(\w+)/g, (_, name: string) => source.variables.get(name) ?? '0');
  return { value: macroValue(named.trim(), source), rest: rest.slice(1) };
}

function macroValue(body: string, source: MacroSource): string {
  if (body === 'time') return String(source.unixSeconds());
  if (body === 'timeout') return String(source.timeoutSeconds());
  if (body.startsWith('ctime ')) return dateText(Number(calculate(body.slice(6))));
  if (!body.startsWith('range ')) return calculate(body);
  const [low = 0, value = 0, high = 0] = calculate(body.slice(6)).split(/\s+/).map(Number);
  const isInside = value >= low - RANGE_SLACK_SECONDS && value <= high + RANGE_SLACK_SECONDS;
  return String(isInside ? value : high);
}

/** Sums and products of numbers, from left to right. */
function calculate(text: string): string {
  const pattern = /(\d+(?:\.\d+)?)\s*([-+*/])\s*(\d+(?:\.\d+)?)/;
  let rest = text;
  for (let match = pattern.exec(rest); match !== null; match = pattern.exec(rest)) {
    const [whole, a, operator, b] = match;
    rest = rest.replace(whole, String(operate(Number(a), operator ?? '+', Number(b))));
  }
  return rest;
}

function operate(a: number, operator: string, b: number): number {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '*') return a * b;
  return b === 0 ? 0 : a / b;
}

/** A date as C's ctime writes it, UTC: `Thu Jan  1 00:00:00 1970`. */
export function dateText(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const [weekday = '', day = '', month = '', year = '', time = ''] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
