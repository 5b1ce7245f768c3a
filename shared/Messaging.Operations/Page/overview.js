import { h, section, table, time, duration, number, plural, state } from './dom.js';
import { get, query } from './api.js';

/** The maximum number of dead letters that are counted. */
const counted = 100_000;

/** The unresolved states, in the overview's words. */
const unresolved = { waiting: 'waiting for an operator', scheduled: 'to be redriven', redriven: 'back in their queue' };

/** Overview: the counts of waiting messages and events. */
export async function overview() {
  const status = await get('status');
  const { outbox, relay } = status;
  const letters = Object.entries(unresolved).map(([name, says]) => ({
    says,
    count: status.deadLetters.filter(({ state }) => state === name).reduce((sum, { count }) => sum + count, 0),
  })).filter(({ count }) => count > 0);
  const deferred = status.deferred.reduce((sum, { count }) => sum + count, 0);
  return {
    title: 'Overview',
    every: 5000,
    content: [
      h('ul', { class: 'cards' },
        card('Outbox', outbox.pending, outbox.pending
          ? `the oldest has waited ${duration(outbox.oldestAgeSeconds)}` : 'everything is published'),
        card('Deferred', deferred, deferred
          ? h('a', { href: '#/deferred', id: 'to-deferred' }, 'wait for their predecessor') : 'nothing waits for a predecessor'),
        card('Dead letters', letters.reduce((sum, { count }) => sum + count, 0), letters.length
          ? h('a', { href: '#/dead-letters', id: 'to-dead-letters' },
            letters.map(({ count, says }) => `${number(count)}${count < counted ? '' : ' or more'} ${says}`).join(', '))
          : 'nothing to do'),
        card('Relay', relay.active ? 'active' : 'not active here', relay.active ? 'publishes from this instance' : relay.state)),
      section('Dead letters', table('Dead letters by queue and state', [
        ['Queue', ({ queue }) => queue],
        ['State', letters => state(letters.state)],
        ['Messages', letters => h('a', {
          href: `#/dead-letters/list${query({ queue: letters.queue, state: letters.state })}`, id: `to-${letters.queue}-${letters.state}`,
        }, letters.count < counted ? plural(letters.count, 'message') : `${number(counted)} messages or more`), 'number'],
      ], status.deadLetters, 'No dead letters.')),
      section('Deferred', table('Deferred events by queue', [
        ['Queue', ({ queue }) => queue],
        ['Events', ({ count }) => number(count), 'number'],
        ['The oldest has waited', ({ oldestAgeSeconds }) => duration(oldestAgeSeconds)],
      ], status.deferred, 'None: no event waits for its predecessor.')),
      section('Partitions', h('details', { id: 'partitions' }, h('summary', {}, plural(status.partitions.length, 'partition')),
        table('Partitions', [
          ['Partition', ({ name }) => name],
          ['Since', ({ since }) => time(since)],
          ['Until', ({ until }) => time(until)],
        ], status.partitions))),
    ],
  };
}

const card = (name, value, says) => h('li', { class: 'card' },
  h('h2', {}, name),
  h('p', { class: 'figure' }, typeof value === 'number' ? number(value) : value),
  h('p', {}, says));
