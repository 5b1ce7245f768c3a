import { button } from './dom.js';
import { post } from './api.js';
import { ask, identify } from './dialog.js';

/** A button that releases the followers of a message that an operator has closed; nothing where there are none. */
export const releaseFollowers = (item, then) =>
  (item.state === 'discarded' || item.state === 'resolved' && item.actions.some(({ action }) => action === 'resolve'))
    && item.followers.length > 0
    && button('Release followers…', () => release(item, then), { class: 'primary', id: 'release' });

async function release(item, then) {
  const done = await identify() && await ask({
    title: 'Release the followers?',
    text: 'Events that wait for this message are tried now, in sequence; those still too early become dead letters.',
    fields: [{
      name: 'reason', label: 'Reason', required: true, aside: true, maxlength: 500, hint: 'Kept with your name in the history.',
    }],
    action: 'Release',
    submit: async values => {
      await post(`dead-letters/${item.id}/release`, values);
      return 'The followers run now.';
    },
  });
  if (done) await then();
}
