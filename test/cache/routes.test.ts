/** Proves that the absence of a route is noticed once, retried ever more slowly, and forgotten with an answer. */

import { expect, test } from 'vitest';
import { Routes } from '../../src/cache/routes.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

/** Makes three servers of IPv6 unreachable; what the last says. */
function lose(routes: Routes): boolean {
  routes.noteUnreachable('2001:db8::1@53');
  routes.noteUnreachable('2001:db8::2@53');
  return routes.noteUnreachable('2001:db8::3@53');
}

test('one unreachable server says nothing about its family', () => {
  const routes = new Routes(makeFakePorts().clock);
  for (let i = 0; i < 10; i++) expect(routes.noteUnreachable('2001:db8::1@53')).toBe(false);
  expect(routes.has('ip6')).toBe(true);
});

test('a family without a route is news once, and is left alone for longer each time', async () => {
  const { clock } = makeFakePorts();
  const routes = new Routes(clock);
  expect(lose(routes)).toBe(true);
  expect([routes.has('ip6'), routes.has('ip4')]).toEqual([false, true]);
  await clock.advance(60_000);
  expect(routes.has('ip6')).toBe(true);
  expect(lose(routes)).toBe(false);
  await clock.advance(60_000);
  expect(routes.has('ip6')).toBe(false);
  await clock.advance(60_000);
  expect(routes.has('ip6')).toBe(true);
});

test('an answer brings the route back, and its next loss is news again', () => {
  const routes = new Routes(makeFakePorts().clock);
  lose(routes);
  routes.noteReachable('2001:db8::3@53');
  expect(routes.has('ip6')).toBe(true);
  expect(lose(routes)).toBe(true);
});
