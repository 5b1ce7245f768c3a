import { h, button, facts, number, plural, section, state, table, time } from './dom.js';
import { get, post } from './api.js';
import { ask, identify } from './dialog.js';

/** Comparisons of this service's rows with its event log. */
export async function rebuilds(page) {
  const { items } = await get('rebuilds');
  return {
    title: 'Rebuilds',
    every: items.some(({ state }) => state === 'running') ? 1000 : 5000,
    content: [
      h('p', {}, 'A rebuild recomputes every row from its events and compares it with the stored row. It can also repair the stored row.'),
      h('div', { class: 'buttons' }, button('Start a rebuild…', () => start(page.refresh), { class: 'primary', id: 'start' })),
      table('Rebuilds, newest first', [
        ['Started', job => h('a', { href: `#/rebuilds/${job.id}`, id: `rebuild-${job.id}` }, time(job.startedAt))],
        ['What', job => job.mode],
        ['State', job => state(job.state)],
        ['Checked', job => number(job.checked), 'number'],
        ['Differing', job => number(job.differing), 'number'],
        ['Repaired', job => number(job.repaired), 'number'],
        ['By', job => job.startedBy],
      ], items, 'None yet.'),
    ],
  };
}

const kinds = {
  differs: 'row and events differ',
  'missing-row': 'there are events but no row',
  'missing-events': 'there is a row, but events are missing',
};

/** One of them, with what it found. */
export async function rebuild(page) {
  const job = await get(`rebuilds/${page.id}`);
  const running = job.state === 'running';
  return {
    title: job.mode === 'repair' ? 'Rebuild: repair' : 'Rebuild: compare',
    every: running ? 1000 : null,
    content: [
      h('p', {}, h('a', { href: '#/rebuilds', id: 'back' }, '← Rebuilds')),
      h('p', { class: 'lead', role: 'status' }, state(job.state), ` ${plural(job.checked, 'row')} checked`),
      job.error && h('p', { class: 'failure' }, job.error),
      h('div', { class: 'buttons' }, running && button('Cancel…', () => cancel(job, page.refresh), { id: 'cancel' })),
      facts([
        ['Differing', number(job.differing)], ['Repaired', number(job.repaired)],
        ['Started', time(job.startedAt)], ['By', job.startedBy], ['Ended', job.endedAt && time(job.endedAt)],
      ]),
      section('Differences', table('Differences', [
        ['Stream', ({ stream }) => h('a', { href: `#/timeline/${encodeURIComponent(stream)}`, id: `stream-${stream}` }, stream), 'id'],
        ['What', difference => kinds[difference.kind] ?? difference.kind],
        ['Properties', difference => difference.properties?.length ? h('ul', {}, difference.properties.map(({ name, row, log }) =>
          h('li', {}, h('strong', {}, name), `: ${shown(row)} in the row, ${shown(log)} according to its events`))) : '–', 'long'],
      ], job.differences ?? [], running ? 'None so far.' : 'None: rows and events agree.')),
    ],
  };
}

const shown = value => typeof value === 'string' ? value : JSON.stringify(value);

async function cancel(job, refresh) {
  const done = await identify() && await ask({
    title: 'Cancel the rebuild?',
    text: 'Repaired rows stay repaired.',
    action: 'Cancel the rebuild',
    danger: true,
    submit: async () => {
      await post(`rebuilds/${job.id}/cancel`);
      return 'The rebuild was cancelled.';
    },
  });
  if (done) await refresh();
}

async function start(refresh) {
  const done = await identify() && await ask({
    title: 'Start a rebuild',
    fields: [{
      name: 'mode', label: 'What to do', type: 'radio', value: 'compare', required: true,
      options: [['compare', 'compare, and change nothing'], ['repair', 'repair the rows that differ from their events']],
    }],
    action: 'Start',
    submit: async values => {
      await post('rebuilds', values);
      return 'The rebuild has started.';
    },
  });
  if (done) await refresh();
}
