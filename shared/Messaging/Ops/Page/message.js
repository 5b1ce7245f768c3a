import { h, button, code, facts, pretty, section, shortName, state, table, time } from './dom.js';
import { get } from './api.js';
import { discard, editBody, redriveOne, resolve } from './actions.js';
import { releaseFollowers } from './release.js';
import { timelineOfStream } from './timeline.js';

const handled = ['resolved', 'discarded'];

/** One dead letter: why, what, and what to do about it. */
export async function message(page) {
  const item = await get(`dead-letters/${page.id}`);
  const moving = ['scheduled', 'redriven'].includes(item.state);
  const open = !handled.includes(item.state);
  return {
    title: `${shortName(item.type)} in ${item.queue}`,
    every: moving ? 1000 : item.followers.length ? 5000 : null,
    content: [
      h('p', {}, h('a', { href: '#/dead-letters', id: 'back' }, '← Dead letters')),
      h('p', { class: 'lead', role: 'status' }, state(item.state),
        item.state === 'scheduled' && [' to be redriven at ', time(item.redriveAt)],
        item.state === 'redriven' && ' and not handled yet'),
      h('div', { class: 'buttons' },
        item.state === 'waiting' && button('Redrive…', () => redriveOne(item, page.refresh), { class: 'primary', id: 'redrive' }),
        item.state === 'waiting' && item.body !== null && button('Edit…', () => editBody(item, page.refresh), { id: 'edit' }),
        open && button('Mark as resolved…', () => resolve(item, page.refresh), { id: 'resolve' }),
        open && button('Discard…', () => discard(item, page.refresh), { class: 'danger', id: 'discard' }),
        releaseFollowers(item, page.refresh)),
      facts([
        ['Exception', item.exceptionType],
        ['It says', item.exceptionMessage],
        ['Handler', item.handler],
        ['Came from', item.source === 'skipped' ? `${item.queue}_skipped: the queue has no handler for it` : `${item.queue}_error`],
        ['Event', item.type],
        ['Stream', item.stream && h('a', { href: `#/timeline/${encodeURIComponent(item.stream)}`, id: 'stream' }, item.stream)],
        ['Sequence', item.sequence],
        ['Attempts', item.attempts],
        ['First failure', time(item.firstFailedAt)],
        ['Last failure', time(item.lastFailedAt)],
        ['Message id', item.messageId],
        ['Correlation id', item.correlationId],
      ]),
      item.exceptionStack && h('details', { id: 'stack' }, h('summary', {}, 'Stack trace'), code(item.exceptionStack, 'Stack trace')),
      section('Body', ...bodyOf(item)),
      h('details', { id: 'headers' }, h('summary', {}, 'Headers'), table('Headers', [
        ['Name', ([name]) => name],
        ['Value', ([, value]) => typeof value === 'string' ? value : JSON.stringify(value), 'long'],
      ], Object.entries(item.headers))),
      section('Followers', table('Events that wait for this one', [
        ['Event', follower => shortName(follower.type)],
        ['Sequence', follower => follower.sequence, 'number'],
        ['Parked since', follower => time(follower.parkedAt)],
        ['Event id', follower => follower.eventId, 'id'],
      ], item.followers, 'No event waits for this one.')),
      section('History', table('What was done', [
        ['When', action => time(action.at)],
        ['Who', action => action.who],
        ['What', action => action.action],
        ['Why', action => action.reason ?? '–', 'long'],
        ['Details', action => detailsOf(action.details), 'long'],
      ], item.actions, 'Nobody has done anything yet.')),
      item.stream && timelineOfStream(item.stream),
    ],
  };
}

const detailsOf = details => Object.entries(details ?? {}).filter(([, value]) => value !== null)
  .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ') || '–';

function bodyOf({ body, bodyBase64, originalBody }) {
  if (body === null) return [h('p', {}, 'It is no text. In Base64:'), code(bodyBase64 ?? '', 'The body in Base64')];
  return [
    code(pretty(body), 'The body'),
    originalBody != null && h('details', { id: 'original' },
      h('summary', {}, 'As it came, before it was edited'), code(pretty(originalBody), 'The original body')),
  ];
}
