/**
 * Session: the page in a real Chromium. A signed world of mail domains with a real Postfix that receives, the daemon serves its
 * page, `hawser web` another one; the browser makes records, checks domains, explains, looks at health and doctor, by mouse and
 * by keyboard, light and dark, wide and as narrow as a phone. Prints one line of JSON with what it saw. With a folder as its
 * argument it leaves a picture of each view there.
 */

import { execFileSync, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { dig, Session } from './daemons.ts';
import { controlClause, makeCertificate, startDaneWorld } from './dane-world.ts';
import { domainsFor, makeChain, startReceiver } from './mail-domains.ts';
import { findProgram, PROJECT } from './programs.ts';

const PICTURES = process.argv[2] ?? null;
const DATA = join(PROJECT, 'test/data/dane');
const FILES = ['leaf.pem', 'leaf.key', 'leaf.csr', 'weak-rsa.pem', 'fullchain.pem'] as const;
const CHECKED = ['good.org', 'wrong.org', 'plain.org', 'bogus.org', 'unsigned.org', 'none.org', 'chain.org'] as const;
const WIDE = { width: 1100, height: 800 };
const PHONE = { width: 360, height: 740 };
/** The page looks every 10 s; a plot needs two looks. */
const PLOT_MS = 25_000;

interface Seen {
  /** Errors of the console and of scripts, what the policy kept from loading among them. */
  readonly errors: string[];
  /** Everything that was asked for, by address. */
  readonly requests: string[];
}

/** A page at an address that is told of its errors and requests. */
async function open(browser: Browser, url: string, seen: Seen): Promise<Page> {
  const page = await browser.newPage({ viewport: WIDE, permissions: ['clipboard-read', 'clipboard-write'] });
  page.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(message.text());
  });
  page.on('pageerror', (error) => seen.errors.push(error.message));
  page.on('request', (request) => seen.requests.push(request.url()));
  await page.goto(url);
  await page.waitForSelector('h1');
  return page;
}

async function show(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(view)}`);
  await page.waitForSelector(`nav a[aria-current][href="#${view.split('?')[0]}"]`);
}

/** The record of each file for each wish, as the page makes it. */
async function makeRecords(page: Page): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  await show(page, 'tlsa');
  await page.fill('#host', 'mx.example.test');
  for (const file of FILES) {
    await page.setInputFiles('#current-file', join(DATA, file));
    for (const wish of ['3 1 1', '3 1 2', '3 0 1', '2 1 1', '3 1 0']) {
      const [usage = '', selector = '', matching = ''] = wish.split(' ');
      await page.selectOption('#usage', usage);
      await page.selectOption('#selector', selector);
      await page.selectOption('#matchingType', matching);
      const shown = page.locator('#made', { hasText: `TLSA ${wish} ` }).or(page.locator('[aria-live] .banner.bad'));
      await shown.first().waitFor();
      await page.waitForTimeout(150);
      made[`${file} ${wish}`] = (await shown.first().innerText()).trim();
    }
  }
  return made;
}

/** What the page says of a domain. */
async function check(page: Page, target: string): Promise<string> {
  await show(page, 'check');
  await page.fill('#domain', target);
  await page.press('#domain', 'Enter');
  const banner = page.locator('.banner', { hasText: `${target}: ` });
  await banner.waitFor({ timeout: 40_000 });
  await page.locator('p[role=status]', { hasText: /^(\d+) of \1 steps done$/ }).waitFor();
  return await page.locator('main').innerText();
}

async function explain(page: Page, name: string, type: string): Promise<string> {
  await show(page, 'explain');
  await page.fill('#name', name);
  await page.fill('#type', type);
  await page.click('button[type=submit]');
  await page.locator('.banner', { hasText: `${name} ` }).waitFor({ timeout: 30_000 });
  return await page.locator('main').innerText();
}

async function health(page: Page): Promise<string> {
  await show(page, 'health');
  await page.locator('.tiles').waitFor();
  await page.locator('.plot svg').first().waitFor({ timeout: PLOT_MS });
  await page.click('text=Examine');
  await page.locator('p[role=status]', { hasText: /ok, \d+ warnings, \d+ failures/ }).waitFor({ timeout: 60_000 });
  return await page.locator('main').innerText();
}

/** Pixels by which a view is wider than the screen. */
async function overflow(page: Page): Promise<number> {
  return await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** An expression for the browser: controls and pictures without a text, a label or an `alt`. */
const UNNAMED = `[...document.querySelectorAll('input, select, textarea, button, a, img, svg[role=img]')]
  .filter((one) => (one.labels?.length ?? 0) === 0 && one.getAttribute('alt') === null)
  .filter((one) => (one.getAttribute('aria-label') ?? one.textContent).trim() === '')
  .map((one) => one.outerHTML.slice(0, 100))`;

/** Controls without a name for a screen reader. */
async function unnamed(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(UNNAMED);
}

/** What has the focus after each Tab from the top. */
async function tabThrough(page: Page): Promise<string[]> {
  await show(page, 'tlsa');
  const stops: string[] = [];
  for (let i = 0; i < 16; i++) {
    await page.keyboard.press('Tab');
    stops.push(
      await page.evaluate<string>('document.activeElement.id || document.activeElement.textContent.slice(0, 30)'),
    );
  }
  return stops;
}

/** Light and dark, wide and narrow: a picture of the view as it stands, and how far it does not fit. */
async function inEachLight(page: Page, name: string): Promise<number[]> {
  const over: number[] = [];
  for (const size of [WIDE, PHONE]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      over.push(await overflow(page));
      const path = PICTURES === null ? null : join(PICTURES, `${name}-${size.width}-${colorScheme}.png`);
      if (path !== null) await page.screenshot({ path, fullPage: true });
    }
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  return over;
}

function hawser(program: string, ...words: readonly string[]): string {
  return execFileSync(join(PROJECT, 'bin', program), words, { encoding: 'utf8' }).trim();
}

/** Status of a request over a unix socket, by a Host. */
function statusOverSocket(socketPath: string, host: string, path: string, token: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { host, authorization: `Bearer ${token}` };
    request({ socketPath, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).end();
  });
}

/** What a page on a unix socket answers: to its own name, to another one, and with its token. */
async function throughSocket(folder: string, config: string): Promise<unknown> {
  const path = join(folder, 'page.sock');
  const web = await startWeb('-C', config, '--own', '--socket', path);
  const token = /#token=(\S+)/.exec(web.url)?.[1] ?? '';
  const mode = statSync(path).mode & 0o777;
  const own = await statusOverSocket(path, 'localhost:9999', '/', '');
  const foreign = await statusOverSocket(path, 'evil.example', '/', '');
  const withoutToken = await statusOverSocket(path, 'localhost:9999', '/api/health', '');
  const withToken = await statusOverSocket(path, 'localhost:9999', '/api/health', token);
  web.stop();
  return { said: web.url.replace(token, 'TOKEN').replace(path, 'PATH'), mode, own, foreign, withoutToken, withToken };
}

/** `hawser web` beside the daemon; its address, and how to end it. */
async function startWeb(...words: readonly string[]): Promise<{ readonly url: string; readonly stop: () => void }> {
  const place = words.includes('--socket') ? [] : ['--port', '0'];
  const child = spawn(join(PROJECT, 'bin/hawser'), ['web', ...place, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve) =>
    child.stdout.once('data', (piece) => resolve(String(piece).trim())),
  );
  return { url, stop: () => void child.kill('SIGTERM') };
}

async function startWorld(session: Session): Promise<string> {
  const { tlsa } = makeCertificate(session);
  const chain = makeChain(session);
  const server = ['extended-statistics: yes', 'web-interface: 127.0.0.1@8153'];
  await startDaneWorld(session, domainsFor(tlsa, chain.tlsa), { server, clauses: controlClause(session) });
  return chain.pem;
}

/** Some clients' questions, so that there is something to count. */
function askAround(): void {
  for (const name of ['mx.good.org', 'mx.good.org', 'mx.good.org', 'none.org', 'mx.chain.org', '_25._tcp.mx.bogus.org'])
    dig('127.0.0.1', 53, [name, name.startsWith('_') ? 'TLSA' : 'A', '+time=3', '+tries=1']);
}

async function main(): Promise<void> {
  const session = new Session();
  const receiver = { stop: (): void => {} };
  let browser: Browser | null = null;
  try {
    receiver.stop = startReceiver(session, await startWorld(session)).stop;
    const config = join(session.folder, 'hawser.conf');
    browser = await chromium.launch({ executablePath: findProgram('chromium') ?? '', args: ['--no-sandbox'] });
    const seen: Seen = { errors: [], requests: [] };
    const address = hawser('hawser-control', '-c', config, 'page_address');
    const page = await open(browser, address, seen);
    const afterOpening = page.url();
    askAround();
    const over: Record<string, number[]> = {};
    const nameless: Record<string, string[]> = {};
    const look = async (view: string): Promise<void> => {
      nameless[view] = await unnamed(page);
      over[view] = await inEachLight(page, view);
    };
    const stops = await tabThrough(page);
    const records = await makeRecords(page);
    const requestsOfGenerator = seen.requests.filter((url) => !/\/(?:page\.(?:css|js)|icon\.svg)?$/.test(url));
    await page.selectOption('#usage', '3');
    await page.selectOption('#selector', '0');
    await page.selectOption('#matchingType', '1');
    await page.click('summary');
    await look('tlsa');
    const checks: Record<string, string> = {};
    for (const domain of CHECKED) checks[domain] = await check(page, domain);
    await look('check');
    checks['mx.good.org:25'] = await check(page, 'mx.good.org:25');
    checks['a..b'] = await check(page, 'a..b').catch(async () => await page.locator('main').innerText());
    const explained = {
      good: await explain(page, '_25._tcp.mx.good.org.', 'TLSA'),
      bogus: await explain(page, '_25._tcp.mx.bogus.org.', 'TLSA'),
    };
    await look('explain');
    askAround();
    const healthText = await health(page);
    await look('health');
    // Without the token: the generator works, the rest asks for it.
    const bare = await open(browser, address.replace(/#.*$/, ''), { errors: [], requests: [] });
    await show(bare, 'health');
    await bare.locator('#token').waitFor();
    const withoutToken = await bare.locator('main').innerText();
    await bare.fill('#token', address);
    await bare.press('#token', 'Enter');
    await bare.locator('.tiles').waitFor();
    const web = await startWeb('-C', config);
    const second = await open(browser, web.url, seen);
    const byCommand = { check: await check(second, 'good.org'), explain: await explain(second, 'mx.good.org.', 'A') };
    web.stop();
    const alone = await startWeb('-C', config, '--own');
    const third = await open(browser, alone.url, seen);
    const byItself = { check: await check(third, 'good.org'), explain: await explain(third, 'mx.bogus.org.', 'A') };
    alone.stop();
    const bySocket = await throughSocket(session.folder, config);
    const refused = execFileSync('curl', ['-s', '-H', 'Host: evil.example', 'http://127.0.0.1:8153/']).toString();
    const counted = /^num\.web\.refused\.host=(\d+)$/m.exec(hawser('hawser-control', '-c', config, 'stats_noreset'));
    console.log(
      JSON.stringify({
        ...{ address, afterOpening, stops, records, requestsOfGenerator, checks, explained, healthText, withoutToken },
        ...{ byCommand, byItself, bySocket, refused, over, nameless, errors: seen.errors },
        countedHosts: counted?.[1] ?? null,
        listed: hawser('hawser-control', '-c', config, 'list_bogus'),
      }),
    );
  } finally {
    await browser?.close();
    receiver.stop();
    await session.stop();
  }
}

await main();
process.exit(0);
