import { h, button, number, shortName, state, table, time } from './dom.js';
import { get, query } from './api.js';
import { redriveMany } from './actions.js';
import { redrives } from './redrives.js';

const unresolved = ['waiting', 'scheduled', 'redriven'];
const states = [...unresolved, 'resolved', 'discarded'];

/** What happens next, by state. */
const outlook = {
  waiting: 'Nothing happens to waiting messages until an operator decides.',
  scheduled: 'Scheduled messages are redriven at the time that the list shows. '
    + 'To skip the wait for an automatic redrive, open the message and redrive it.',
  redriven: 'Redriven messages are in their queue, or deferred until their predecessor arrives. They are resolved when they are handled.',
};

/** Dead letters by what they have in common. */
export async function groups(page) {
  const chosen = page.parameters.get('state') ?? 'unresolved';
  const meant = chosen === 'unresolved' ? unresolved : [chosen];
  const items = (await Promise.all(meant.map(state => get('dead-letters/groups', { state })))).flatMap(({ items }) => items);
  return {
    title: 'Dead letters',
    every: 5000,
    content: [
      h('nav', { 'aria-label': 'States', class: 'tabs' }, ['unresolved', ...states].map(name => h('a', {
        href: `#/dead-letters${query({ state: name })}`, id: `state-${name}`, 'aria-current': name === chosen ? 'page' : null,
      }, name))),
      h('p', {}, meant.map(name => outlook[name]).filter(Boolean).join(' ')),
      meant.includes('scheduled') && await redrives(page),
      table(`Groups of messages that are ${chosen}`, [
        ['Event', group => h('a', {
          href: `#/dead-letters/list${query(filterOf(group))}`, id: `group-${idOf(group)}`,
        }, shortName(group.type))],
        ['Exception', group => shortName(group.exceptionType)],
        ['Handler', group => shortName(group.handler)],
        ['Queue', group => group.queue],
        ['State', group => state(group.state)],
        ['Messages', group => number(group.count), 'number'],
        ['Oldest', group => time(group.oldest)],
        ['Newest', group => time(group.newest)],
        [h('span', { class: 'hidden' }, 'Actions'), group => group.state === 'waiting' && button(
          ['Redrive…', h('span', { class: 'hidden' }, ` ${shortName(group.type)}, ${shortName(group.exceptionType)}`)],
          () => redriveMany({ filter: exactly(group) }, page.refresh),
          { id: `redrive-${idOf(group)}` }), 'actions'],
      ], items, `No message is ${chosen}.`),
      h('ul', {}, meant.map(name => h('li', {},
        h('a', { href: `#/dead-letters/list${query({ state: name })}`, id: `all-${name}` }, `All ${name} messages, one by one`)))),
    ],
  };
}

const filterOf = ({ queue, type, exceptionType, handler, state }) => ({ state, queue, type, exception: exceptionType, handler });

/** The filter for exactly this group: what its messages lack must be missing. */
const exactly = group => ({
  ...filterOf(group), type: group.type ?? '', exception: group.exceptionType ?? '', handler: group.handler ?? '',
});

const idOf = group => encodeURIComponent(Object.values(filterOf(group)).join('-'));

/** Dead letters, one by one. */
export async function messages(page) {
  const filter = Object.fromEntries(page.parameters);
  const { after, ...selecting } = filter;
  const { items, next } = await get('dead-letters', { limit: 50, ...filter });
  const chosen = new Set();
  const together = ['', 'waiting'].includes(selecting.state ?? '');
  const redriveChosen = button('Redrive selected…', () => redriveMany({ ids: [...chosen] }, page.refresh), {
    disabled: true, id: 'redrive-chosen',
  });
  const boxes = new Map(items.filter(item => item.state === 'waiting').map(item => [item.id, h('input', {
    type: 'checkbox',
    id: `choose-${item.id}`,
    'aria-label': `Select ${shortName(item.type)} of ${item.stream ?? item.messageId ?? item.id}`,
    onchange: () => choose(item.id),
  })]));
  const choose = (...ids) => {
    for (const id of ids) boxes.get(id).checked ? chosen.add(id) : chosen.delete(id);
    redriveChosen.disabled = chosen.size === 0;
    redriveChosen.textContent = chosen.size ? `Redrive ${chosen.size} selected…` : 'Redrive selected…';
  };
  const all = h('input', {
    type: 'checkbox',
    id: 'choose-all',
    'aria-label': 'Select all on this page',
    disabled: boxes.size === 0,
    onchange: () => {
      for (const box of boxes.values()) box.checked = all.checked;
      choose(...boxes.keys());
    },
  });

  return {
    title: 'Dead letters, one by one',
    content: [
      h('p', {}, h('a', { href: `#/dead-letters${query({ state: selecting.state })}` }, '← Groups')),
      filterForm(selecting),
      h('div', { class: 'buttons' }, redriveChosen,
        button('Redrive all that match…', () => redriveMany({ filter: selecting }, page.refresh), {
          disabled: items.length === 0 || !together, id: 'redrive-all', 'aria-describedby': together ? null : 'redrive-why',
        })),
      !together && h('p', { id: 'redrive-why', class: 'hint' },
        `Only waiting messages can be redriven together, and these are ${selecting.state}. ${outlook[selecting.state] ?? ''}`),
      table('Messages, newest first', [
        [all, item => boxes.get(item.id), 'choose'],
        ['Event', item => h('a', { href: `#/dead-letters/${item.id}`, id: `message-${item.id}` }, shortName(item.type))],
        ['Stream', item => item.stream ?? '–', 'id'],
        ['Exception', item => [h('strong', {}, shortName(item.exceptionType)), ' ', item.exceptionMessage ?? ''], 'long'],
        ['Queue', item => item.queue],
        ['Attempts', item => number(item.attempts), 'number'],
        ['Last failure', item => time(item.lastFailedAt)],
        ['State', item => [state(item.state),
          item.state === 'scheduled' && h('div', { class: 'hint' }, 'will be redriven at ', time(item.redriveAt))]],
      ], items, 'No message matches.'),
      h('div', { class: 'buttons' },
        after && h('a', { class: 'button', href: `#/dead-letters/list${query(selecting)}` }, 'First page'),
        next && h('a', { class: 'button', href: `#/dead-letters/list${query({ ...selecting, after: next })}` }, 'Next page')),
    ],
  };
}

/** Fields that are left empty are ignored. */
function filterForm(filter) {
  const field = (name, label, input) => h('div', { class: 'field' }, h('label', { for: `filter-${name}` }, label), input);
  const text = (name, label, placeholder) =>
    field(name, label, h('input', { id: `filter-${name}`, name, value: filter[name], placeholder, autocomplete: 'off' }));
  const moment = (name, label) => field(name, label, h('input', {
    id: `filter-${name}`, name, type: 'datetime-local', step: 1, value: local(filter[name]),
  }));
  const search = event => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    for (const name of ['since', 'until']) values[name] &&= new Date(values[name]).toISOString();
    location.hash = `#/dead-letters/list${query(values)}`;
  };
  const open = Object.keys(filter).some(name => name !== 'state');
  return h('details', { class: 'filter', id: 'filter', open }, h('summary', {}, 'Filter'),
    h('form', { role: 'search', 'aria-label': 'Dead letters', onsubmit: search },
      field('state', 'State', h('select', { id: 'filter-state', name: 'state' },
        ['', ...states].map(name => h('option', { value: name, selected: name === (filter.state ?? '') }, name || 'any')))),
      text('type', 'Event', 'OrderPlaced'), text('exception', 'Exception'), text('handler', 'Handler'), text('queue', 'Queue'),
      text('stream', 'Stream'), text('text', 'Text'), moment('since', 'Failed since'), moment('until', 'Failed before'),
      h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Search'))));
}

/** As <input type="datetime-local"> needs it: this browser's time, without a zone. */
function local(iso) {
  if (!iso) return null;
  const date = new Date(iso);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
