import { h, number, shortName, state, table, time } from './dom.js';
import { get, query } from './api.js';

/** Events that wait for their predecessor, and what that is. */
export async function deferred(page) {
  const { after, ...filter } = Object.fromEntries(page.parameters);
  const { items, next } = await get('deferred', { ...filter, after });
  const link = (parameters, id, text) => h('a', { class: 'button', href: `#/deferred${query(parameters)}`, id }, text);
  return {
    title: 'Deferred events',
    every: 5000,
    content: [
      h('p', {}, h('a', { href: '#/', id: 'back' }, '← Overview')),
      table('Deferred events, oldest first', [
        ['Event', item => shortName(item.type)],
        ['Stream', item => h('a', {
          href: `#/timeline/${encodeURIComponent(item.stream)}`, id: `stream-${item.queue}-${item.eventId}`,
        }, item.stream), 'id'],
        ['Sequence', item => number(item.sequence), 'number'],
        ['Queue', item => item.queue],
        ['Deferred since', item => time(item.deferredAt)],
        ['Waits for', item => item.missing === null ? 'another producer' : `sequence ${number(item.missing)}`],
        ['Which is', item => item.deadLetterId === null ? 'not known here' : [
          h('a', { href: `#/dead-letters/${item.deadLetterId}`, id: `letter-${item.queue}-${item.eventId}` }, 'a dead letter'),
          ' ', state(item.deadLetterState)]],
      ], items, 'No event waits for its predecessor.'),
      h('div', { class: 'buttons' },
        after && link(filter, 'first', 'First page'),
        next && link({ ...filter, after: next }, 'next', 'Next page')),
    ],
  };
}
