import { h, button, number, plural, shortName, state, time } from './dom.js';
import { get, post } from './api.js';
import { ask, identify } from './dialog.js';

/** Past events on their way to a queue. */
export async function replays(page) {
  const { items } = await get('replays');
  return {
    title: 'Replays',
    every: items.some(replay => replay.state === 'running') ? 1000 : 5000,
    content: [
      h('p', {}, 'A replay sends past events of this service to one queue: to a new consumer, or to one that lost its state. ',
        'Events that it has already handled are dropped.'),
      h('div', { class: 'buttons' }, button('Start a replay…', () => start(page.refresh), { class: 'primary', id: 'start' })),
      items.length === 0
        ? h('p', { class: 'empty' }, 'None yet.')
        : h('ul', { class: 'jobs' }, items.map(replay => job(replay, page.refresh))),
    ],
  };
}

function job(replay, refresh) {
  const heading = `replay-${replay.id}`;
  const control = (action, label) => button(
    [label, h('span', { class: 'hidden' }, ` the replay to ${replay.queue}`)],
    () => move(replay, action, refresh),
    { id: `${action}-${replay.id}` });
  return h('li', { 'aria-labelledby': heading },
    h('h2', { id: heading }, `To ${replay.queue}`),
    h('p', {}, state(replay.state), replay.total === null
      ? ' the events are being counted' : ` ${number(replay.sent)} of ${plural(replay.total, 'event')}`),
    h('progress', {
      max: replay.total || 1, value: replay.state === 'completed' ? replay.total || 1 : replay.sent, 'aria-labelledby': heading,
    }),
    replay.error && h('p', { class: 'failure' }, replay.error),
    replay.missing && h('p', {}, replay.missing),
    h('p', { class: 'hint' }, ...said(replay)),
    h('div', { class: 'buttons' },
      replay.state === 'running' && control('pause', 'Pause'),
      replay.state === 'paused' && control('resume', 'Resume'),
      ['running', 'paused'].includes(replay.state) && control('cancel', 'Cancel')));
}

const said = replay => [
  `Started by ${replay.startedBy}, `, time(replay.startedAt),
  replay.endedAt && ', ended ', replay.endedAt && time(replay.endedAt),
  replay.from && '; events since ', replay.from && time(replay.from),
  replay.until && '; events before ', replay.until && time(replay.until),
  replay.types?.length ? `; only ${replay.types.map(shortName).join(', ')}` : null,
  replay.streams?.length ? `; only of ${plural(replay.streams.length, 'stream')}` : null,
  replay.source === 'archive' ? '; from the archive' : null,
  rate(replay),
].filter(Boolean);

function rate({ perSecond, effectivePerSecond }) {
  if (perSecond) return `; ${number(perSecond)} a second at most`;
  return effectivePerSecond && `; ${number(effectivePerSecond)} a second at most, because the broker does not reveal the queue’s length`;
}

const moves = {
  pause: { action: 'Pause', text: 'It stops after the batch that is being sent, and can be resumed.', news: 'The replay is paused.' },
  resume: { action: 'Resume', text: 'It continues where it stopped.', news: 'The replay continues.' },
  cancel: {
    action: 'Cancel the replay', text: 'It ends here. Events already sent stay sent.', news: 'The replay was cancelled.', danger: true,
  },
};

async function move(replay, action, refresh) {
  const { news, ...dialog } = moves[action];
  const done = await identify() && await ask({
    ...dialog,
    title: `${dialog.action}?`,
    submit: async () => {
      await post(`replays/${replay.id}/${action}`);
      return news;
    },
  });
  if (done) await refresh();
}

async function start(refresh) {
  const list = text => text?.split(/[\s,]+/).filter(Boolean);
  const body = ({ types, streams, ...values }) => ({ ...values, types: list(types), streams: list(streams) });
  const done = await identify() && await ask({
    title: 'Start a replay',
    fields: [
      { name: 'queue', label: 'Queue', required: true, hint: 'Such as inventory; its consumer, or the broker’s definitions, must have declared it.' },
      { name: 'from', label: 'Events since', type: 'datetime-local', hint: 'Empty: from the first event.' },
      { name: 'until', label: 'Events before', type: 'datetime-local', hint: 'Empty: up to now.' },
      { name: 'types', label: 'Only these events', hint: 'Such as OrderPlaced, OrderConfirmed. Empty: all.' },
      { name: 'streams', label: 'Only these streams', hint: 'Such as orders’ ids. Empty: all.' },
      {
        name: 'perSecond', label: 'Events per second', type: 'number', min: 1,
        hint: 'Empty: as fast as the queue’s length allows; if the broker does not reveal it, as the service’s settings say.',
      },
      { name: 'source', label: 'From', type: 'select', value: 'log', options: [['log', 'the event log'], ['archive', 'the archive']] },
    ],
    action: 'Start',
    preview: async values => {
      if (!values.queue) return { text: 'Name the queue to see how many events would be sent.', action: 'Start', possible: true };
      const { events } = await post('replays', { ...body(values), dryRun: true });
      return {
        text: events ? `Would send ${plural(events, 'event')} to ${values.queue}.` : 'There are no such events.',
        action: events ? `Send ${plural(events, 'event')}` : 'Start',
        possible: events > 0,
      };
    },
    submit: async values => {
      await post('replays', body(values));
      return `The replay to ${values.queue} has started.`;
    },
  });
  if (done) await refresh();
}
