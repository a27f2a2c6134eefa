/** The page: four views, the one that the address names is shown. */

import { type ComponentChild, h, render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { takeToken } from './calls.ts';
import { CheckView } from './check-view.ts';
import { ExplainView } from './explain-view.ts';
import { HealthView } from './health-view.ts';
import { TlsaView } from './tlsa-view.ts';

const VIEWS = [
  { id: 'tlsa', title: 'TLSA record' },
  { id: 'check', title: 'DANE check' },
  { id: 'explain', title: 'Explain' },
  { id: 'health', title: 'Health' },
] as const;

/** View and the words after it: `#explain?name=…`. */
function routeOf(hash: string): { readonly view: (typeof VIEWS)[number]; readonly query: string } {
  const [id = '', query = ''] = hash.replace(/^#/, '').split('?');
  return { view: VIEWS.find((one) => one.id === id) ?? VIEWS[0], query };
}

function Page(): ComponentChild {
  const [route, setRoute] = useState(routeOf(location.hash));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const onChange = (): void => {
      takeToken();
      setRoute(routeOf(location.hash));
      // Whoever reads by ear hears where they are.
      heading.current?.focus();
    };
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  useEffect(() => {
    document.title = `${route.view.title} · Hawser`;
  }, [route]);
  const links = VIEWS.map(({ id, title }) =>
    h('a', { href: `#${id}`, ...(id === route.view.id ? { 'aria-current': 'page' } : {}) }, title),
  );
  return h(
    'div',
    { class: 'frame' },
    h(
      'header',
      null,
      h('p', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 28, height: 28 }), 'Hawser'),
      h('nav', { 'aria-label': 'Views' }, links),
    ),
    h('main', null, h('h1', { tabIndex: -1, ref: heading }, route.view.title), viewOf(route.view.id, route.query)),
  );
}

function viewOf(id: (typeof VIEWS)[number]['id'], query: string): ComponentChild {
  if (id === 'check') return h(CheckView, null);
  if (id === 'explain') return h(ExplainView, { query });
  return id === 'health' ? h(HealthView, null) : h(TlsaView, null);
}

takeToken();
const root = document.getElementById('page');
if (root !== null) {
  root.replaceChildren();
  render(h(Page, null), root);
}
