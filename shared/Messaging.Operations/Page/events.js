import { h, code, shortName, table, time } from './dom.js';
import { get, query } from './api.js';

/** The events in this service's log, newest first. */
export async function events(page) {
  const { after, ...filter } = Object.fromEntries(page.parameters);
  const { items, next } = await get('events', { limit: 50, after, ...filter });
  const search = event => {
    event.preventDefault();
    location.hash = `#/events${query(Object.fromEntries(new FormData(event.target)))}`;
  };
  const field = (name, label) => h('div', { class: 'field' }, h('label', { for: `filter-${name}` }, label),
    h('input', { id: `filter-${name}`, name, value: filter[name], autocomplete: 'off' }));
  return {
    title: 'Events of this service',
    content: [
      h('form', { role: 'search', 'aria-label': 'Events', class: 'line', onsubmit: search },
        field('stream', 'Stream'), field('type', 'Event'), h('button', { type: 'submit', class: 'primary' }, 'Search')),
      table('Events, newest first', [
        ['When', event => time(event.occurredAt)],
        ['Event', event => h('details', { id: `event-${event.eventId}` }, h('summary', {}, shortName(event.type)),
          code(JSON.stringify(event.data, null, 2), `Data of ${shortName(event.type)}`)), 'long'],
        ['Sequence', event => event.sequence, 'number'],
        ['Stream', event => h('a', {
          href: `#/timeline/${encodeURIComponent(event.stream)}`, id: `stream-${event.eventId}`,
        }, event.stream), 'id'],
      ], items, 'No event matches.'),
      h('div', { class: 'buttons' },
        after && h('a', { class: 'button', href: `#/events${query(filter)}` }, 'First page'),
        next && h('a', { class: 'button', href: `#/events${query({ ...filter, after: next })}` }, 'Next page')),
    ],
  };
}
