import { h, button, code, facts, section, shortName, state, table, time } from './dom.js';
import { get } from './api.js';
import { discard, editBody, redriveOne, resolve } from './actions.js';
import { indent } from './json.js';
import { releaseFollowers } from './release.js';
import { timelineOfStream } from './timeline.js';

const handled = ['resolved', 'discarded'];

/** Milliseconds in which a redriven message is expected to come back, or to be handled. */
const patience = 5 * 60_000;

/** One dead letter: why it failed, its message, and the actions on it. */
export async function message(page) {
  const item = await get(`dead-letters/${page.id}`);
  const moving = ['scheduled', 'redriven'].includes(item.state);
  const open = !handled.includes(item.state);
  return {
    title: `${shortName(item.type)} in ${item.queue}`,
    every: moving ? 1000 : item.followers.length ? 5000 : null,
    content: [
      h('p', {}, h('a', { href: '#/dead-letters', id: 'back' }, '← Dead letters')),
      h('p', { class: 'lead', role: 'status' }, state(item.state), ...whatComes(item)),
      h('div', { class: 'buttons' },
        isRedrivable(item) && button('Redrive…', () => redriveOne(item, page.refresh), { class: 'primary', id: 'redrive' }),
        item.state === 'waiting' && item.body !== null && button('Edit…', () => editBody(item, page.refresh), { id: 'edit' }),
        open && button('Mark as resolved…', () => resolve(item, page.refresh), { id: 'resolve' }),
        open && button('Discard…', () => discard(item, page.refresh), { class: 'danger', id: 'discard' }),
        releaseFollowers(item, page.refresh)),
      facts([
        ['Exception', item.exceptionType],
        ['Exception message', item.exceptionMessage],
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
        ['Deferred since', follower => time(follower.deferredAt)],
        ['Event id', follower => follower.eventId, 'id'],
      ], item.followers, 'No event waits for this one.')),
      section('History', table('What was done', [
        ['When', action => time(action.at)],
        ['Who', action => action.who],
        ['What', action => action.action],
        ['Why', action => action.reason ?? '–', 'long'],
        ['Details', action => detailsOf(action), 'long'],
      ], item.actions, 'Nothing has been done yet.')),
      item.stream && timelineOfStream(item.stream),
    ],
  };
}

/** What will happen to it, and when. */
function whatComes(item) {
  if (item.state === 'waiting') return [' for an operator: nothing happens automatically'];
  if (item.state === 'scheduled' && goesByItself(item))
    return [' automatically, to be redriven at ', time(item.redriveAt), '; if the cause is gone, it can be redriven now'];
  if (item.state === 'scheduled') return [' by an operator, to be redriven at ', time(item.redriveAt)];
  if (item.state !== 'redriven') return [];
  return isRedrivable(item) ? [' at ', time(redrivenAt(item)), ', without a result since: it can be redriven again']
    : [' at ', time(redrivenAt(item)), ', and not handled yet; without a result, it can be redriven again at ', time(doubtedAt(item))];
}

/** The rule of the API: it is waiting, is scheduled automatically, or was redriven without a result. */
const isRedrivable = item => item.state === 'waiting'
  || item.state === 'scheduled' && goesByItself(item)
  || item.state === 'redriven' && Date.parse(doubtedAt(item)) < Date.now();

/** Whether its redrive was scheduled by a failure, and not by an operator. */
const goesByItself = ({ actions, redriveAt }) =>
  actions.find(({ details }) => Date.parse(details?.redriveAt) === Date.parse(redriveAt))?.action !== 'redrive';

const redrivenAt = ({ actions, redriveAt }) => actions.findLast(({ action }) => action === 'redriven')?.at ?? redriveAt;

const doubtedAt = item => new Date(Date.parse(redrivenAt(item)) + patience).toISOString();

/** The details of an action; the body that an edit has replaced can be opened. */
function detailsOf({ at, details }) {
  const { before, ...others } = details ?? {};
  const said = Object.entries(others).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ');
  if (before === undefined) return said || '–';
  return [said, h('details', { id: `before-${at}` }, h('summary', {}, 'Previous body'), code(indent(before), 'The body before the edit'))];
}

function bodyOf({ body, bodyBase64, originalBody }) {
  if (body === null) return [h('p', {}, 'It is not text. In Base64:'), code(bodyBase64 ?? '', 'The body in Base64')];
  return [
    code(indent(body), 'The body'),
    originalBody != null && h('details', { id: 'original' },
      h('summary', {}, 'Original body, before it was edited'), code(indent(originalBody), 'The original body')),
  ];
}
