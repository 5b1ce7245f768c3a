import { h, button, announce } from './dom.js';
import { addresses, operator, ownName } from './api.js';
import { askForName } from './dialog.js';
import { overview } from './overview.js';
import { deferred } from './deferred.js';
import { groups, messages } from './dead-letters.js';
import { message } from './message.js';
import { events } from './events.js';
import { timeline } from './timeline.js';
import { replays } from './replays.js';
import { rebuild, rebuilds } from './rebuilds.js';

// A view is an async function of { id, parameters, refresh } that asks the API, and returns { title, content, every }: what to show, and
// after how many milliseconds to refresh it, if at all. It simply runs again when something has changed.
const routes = [
  [/^\/$/, overview],
  [/^\/deferred$/, deferred],
  [/^\/dead-letters$/, groups],
  [/^\/dead-letters\/list$/, messages],
  [/^\/dead-letters\/([^/]+)$/, message],
  [/^\/events$/, events],
  [/^\/timeline(?:\/(.+))?$/, timeline],
  [/^\/replays$/, replays],
  [/^\/rebuilds$/, rebuilds],
  [/^\/rebuilds\/([^/]+)$/, rebuild],
];

const views = [
  ['#/', 'Overview'], ['#/dead-letters', 'Dead letters'], ['#/events', 'Events'], ['#/timeline', 'Timeline'],
  ['#/replays', 'Replays'], ['#/rebuilds', 'Rebuilds'],
];

const main = document.getElementById('main');
let visit = 0;
let timer;
let shown;

/** Shows the view that the address names. */
async function go() {
  // "Skip to content" is not a view.
  if (location.hash === '#main') return history.replaceState(null, '', shown ?? '#/');
  visit++;
  shown = location.hash || '#/';
  const first = !main.dataset.ready;
  await render(visit, { arriving: !first });
  main.dataset.ready = 'true';
}

async function render(current, { arriving = false } = {}) {
  clearTimeout(timer);
  const [path, search] = shown.slice(1).split('?');
  const [pattern, view] = routes.find(([pattern]) => pattern.test(path)) ?? [/()/, nothing];
  const id = pattern.exec(path)[1];
  const page = {
    id: id && decodeURIComponent(id),
    parameters: new URLSearchParams(search),
    refresh: () => render(current),
  };
  markNavigation(path);
  if (arriving) main.setAttribute('aria-busy', 'true');
  try {
    const { title, content, every } = await view(page);
    if (current !== visit) return;
    document.title = `${title} · ${ownName}`;
    show(title, content);
    if (every) timer = setTimeout(() => document.hidden ? wait(current) : render(current), every);
  } catch (error) {
    if (current !== visit) return;
    if (!arriving && main.querySelector('h1') && (error.status === 0 || error.status >= 500)) {
      // A temporary failure: the content stays, and only becomes outdated.
      announce(`${error.message} This view may be out of date.`);
      timer = setTimeout(() => render(current), 5000);
    } else {
      show('Something went wrong', [h('p', { role: 'alert' }, error.message), button('Try again', () => render(current))]);
      if (error.status === undefined) console.error(error);
    }
  }
  main.removeAttribute('aria-busy');
  if (arriving) {
    scrollTo(0, 0);
    main.querySelector('h1')?.focus();
  }
}

/** The page is hidden: continues when it is visible again. */
const wait = current => document.addEventListener('visibilitychange', () => current === visit && render(current), { once: true });

/** Shows new content, if it has changed; keeps the focus and open details. */
function show(title, content) {
  const fresh = h('div', {}, h('h1', { tabindex: '-1' }, title), ...content);
  const looks = fresh.outerHTML;
  if (main.looks === looks) return;
  const focused = main.contains(document.activeElement) ? document.activeElement : null;
  const opened = [...main.querySelectorAll('details[open][id]')].map(details => details.id);
  main.looks = looks;
  main.replaceChildren(...fresh.childNodes);
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
  if (focused) ((focused.id && document.getElementById(focused.id)) || main.querySelector('h1')).focus({ preventScroll: true });
}

const nothing = async () =>
  ({ title: 'Not found', content: [h('p', {}, 'There is no such view. ', h('a', { href: '#/' }, 'Overview'))] });

function markNavigation(path) {
  const current = `#/${path.split('/')[1]}`;
  document.getElementById('views').replaceChildren(...views.map(([href, name]) =>
    h('a', { href, 'aria-current': href === current ? 'page' : null }, name)));
}

function showServices() {
  document.getElementById('services').replaceChildren(...Object.entries(addresses).map(([name, address]) => name === ownName
    ? h('a', { href: '#/', 'aria-current': 'true' }, name)
    : h('a', { href: new URL('ops', address) }, name)));
}

function showOperator() {
  const shown = document.getElementById('operator');
  shown.textContent = operator.name ? `You: ${operator.name}` : 'Who are you?';
}

document.getElementById('operator').addEventListener('click', askForName);
document.addEventListener('operator', showOperator);
addEventListener('hashchange', go);
showServices();
showOperator();
go();
