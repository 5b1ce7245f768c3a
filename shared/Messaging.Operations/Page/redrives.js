import { h, button, number, plural, table, time } from './dom.js';
import { get, post } from './api.js';
import { ask, identify } from './dialog.js';

/** Running bulk redrives, with buttons to cancel them; nothing where there are none. */
export async function redrives(page) {
  const { items } = await get('dead-letters/redrives');
  return items.length > 0 && table('Running redrives', [
    ['Requested', redrive => time(redrive.askedAt)],
    ['By', redrive => redrive.by ?? '–'],
    ['Why', redrive => redrive.reason ?? '–', 'long'],
    ['Still to send', redrive => number(redrive.scheduled), 'number'],
    ['Per second', redrive => number(redrive.perSecond), 'number'],
    ['Last one at', redrive => time(redrive.lastAt)],
    [h('span', { class: 'hidden' }, 'Actions'), redrive => button(
      ['Cancel…', h('span', { class: 'hidden' }, ` the redrive of ${plural(redrive.scheduled, 'message')}`)],
      () => cancel(redrive, page.refresh),
      { id: `cancel-${redrive.id}` }), 'actions'],
  ], items);
}

async function cancel(redrive, then) {
  const done = await identify() && await ask({
    title: 'Cancel the redrive?',
    text: 'Messages already sent stay sent. The others wait for an operator again.',
    fields: [{ name: 'reason', label: 'Reason', aside: true, maxlength: 500, hint: 'Kept with your name in the history.' }],
    action: 'Cancel the redrive',
    danger: true,
    submit: async values => {
      const { cancelled } = await post(`dead-letters/redrives/${redrive.id}/cancel`, values);
      return `${plural(cancelled, 'message')} will not be redriven.`;
    },
  });
  if (done) await then();
}
