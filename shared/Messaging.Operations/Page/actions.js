// The actions on dead letters. Each asks first, reports its result, and then calls `then`.

import { plural, shortName } from './dom.js';
import { post, put } from './api.js';
import { ask, identify } from './dialog.js';

const reason = (required = false) =>
  ({ name: 'reason', label: 'Reason', required, aside: true, maxlength: 500, hint: 'Kept with your name in the history.' });

async function act(dialog, then) {
  if (await identify() && await ask(dialog)) await then();
}

/** Redrives a selection, { ids }, or all that match, { filter }, at the rate that the operator gives; a dry run counts them. */
export function redriveMany(selection, then) {
  const redrive = (values, dryRun) => post('dead-letters/redrives', { ...selection, ...values, dryRun });
  return act({
    title: 'Redrive messages',
    text: 'They go back to the queue that they came from. Messages that have been handled already are dropped there.',
    fields: [
      ...('ids' in selection ? [] : [{ name: 'limit', label: 'At most', type: 'number', min: 1, hint: 'Empty: all of them.' }]),
      { name: 'perSecond', label: 'Messages per second', type: 'number', min: 1, value: 50 },
      reason(),
    ],
    action: 'Redrive',
    preview: async values => {
      const { matched } = await redrive(values, true);
      const count = Math.min(matched, values.limit ?? matched);
      return {
        text: count === 0 ? 'There is nothing to redrive.'
          : count < matched ? `Would redrive ${count} of ${plural(matched, 'message')}.` : `Would redrive ${plural(count, 'message')}.`,
        action: count ? `Redrive ${plural(count, 'message')}` : 'Redrive',
        possible: count > 0,
      };
    },
    submit: async values => {
      const { scheduled } = await redrive(values, false);
      return `${plural(scheduled, 'message')} will be redriven.`;
    },
  }, then);
}

export const redriveOne = (item, then) => act({
  title: `Redrive ${shortName(item.type)}`,
  text: `It goes back to the queue ${item.queue}. If it has been handled already, it is dropped there.`,
  fields: [reason()],
  action: 'Redrive',
  submit: async values => {
    await post(`dead-letters/${item.id}/redrive`, values);
    return 'The message will be redriven.';
  },
}, then);

export const editBody = (item, then) => act({
  title: `Edit ${shortName(item.type)}`,
  text: 'The body is checked against the contract. The original is kept.',
  fields: [{ name: 'body', label: 'Body', type: 'textarea', value: item.body, required: true }, reason()],
  action: 'Save',
  submit: async values => {
    await put(`dead-letters/${item.id}/body`, values);
    return 'The body was changed. Redrive the message to have it handled.';
  },
}, then);

const followers = {
  name: 'followers', label: 'Events of the same stream that wait for this message', type: 'radio', value: 'wait', required: true,
  options: [['wait', 'keep waiting'], ['run', 'are tried now; those that are still too early become dead letters']],
};

export const discard = (item, then) => act({
  title: `Discard ${shortName(item.type)}?`,
  text: 'It will never take effect, even if it arrives again.',
  fields: [reason(true), followers],
  action: 'Discard',
  danger: true,
  submit: async values => {
    await post(`dead-letters/${item.id}/discard`, values);
    return 'The message was discarded.';
  },
}, then);

export const resolve = (item, then) => act({
  title: `Mark ${shortName(item.type)} as resolved?`,
  text: 'Use this when its work was done by other means. The message itself will never take effect.',
  fields: [reason(true), followers],
  action: 'Mark as resolved',
  submit: async values => {
    await post(`dead-letters/${item.id}/resolve`, values);
    return 'The message is resolved.';
  },
}, then);
