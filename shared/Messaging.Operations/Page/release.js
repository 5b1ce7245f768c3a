import { button } from './dom.js';
import { post } from './api.js';
import { ask, identify } from './dialog.js';

/** A button that lets the followers of a message run that will never come, as an operator has said; nothing where there are none. */
export const releaseFollowers = (item, then) =>
  (item.state === 'discarded' || item.state === 'resolved' && item.actions.some(({ action }) => action === 'resolve'))
    && item.followers.length > 0
    && button('Release followers…', () => release(item, then), { class: 'primary', id: 'release' });

async function release(item, then) {
  const done = await identify() && await ask({
    title: 'Let the followers run?',
    text: 'What waits for this message is handled now, in sequence; what cannot be becomes a dead letter of its own.',
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
