import { h, announce } from './dom.js';
import { operator } from './api.js';

/**
 * Asks in a dialog, and runs `submit`. Its errors are shown in the dialog, at the fields that they name, and the dialog stays open.
 *
 * A field is { name, label, type, value, hint, required, options, aside }, its type that of an <input>, or 'textarea', 'radio' or 'select'.
 * `preview` gets the values whenever a field changes that is not `aside`, and says what would happen: { text, action, possible }.
 * Returns whether the action was done.
 */
export function ask({ title, text, fields = [], action, danger, preview, submit }) {
  return new Promise(resolve => {
    const controls = fields.map(control);
    const outcome = h('output', { class: 'outcome' });
    const failure = h('p', { class: 'failure', role: 'alert' });
    const confirm = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, action);
    const form = h('form', { novalidate: true },
      h('h2', { id: 'dialog-title' }, title),
      text && h('p', {}, text),
      controls.map(field => field.element),
      preview && outcome,
      failure,
      h('div', { class: 'buttons' },
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        confirm));
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
    let done = false;

    const values = () => Object.fromEntries(controls.map(field => [field.name, field.value()]));
    const show = error => {
      const errors = { ...error.errors };
      for (const field of controls) {
        field.fail(errors[field.name]);
        delete errors[field.name];
      }
      // Errors that belong to no field.
      failure.textContent = Object.keys(error.errors ?? {}).length ? Object.values(errors).flat().join(' ') : error.message;
      form.querySelector('[aria-invalid]')?.focus();
    };
    // Answers may arrive out of order: only the last request counts.
    let looks = 0;
    const look = async () => {
      const mine = ++looks;
      confirm.disabled = true;
      try {
        const expected = await preview(values());
        if (mine !== looks) return;
        controls.forEach(field => field.fail());
        outcome.textContent = expected.text;
        failure.textContent = '';
        confirm.textContent = expected.action;
        confirm.disabled = !expected.possible;
      } catch (error) {
        if (mine !== looks) return;
        outcome.textContent = '';
        // Not the action of the previous preview.
        confirm.textContent = action;
        show(error);
      }
    };

    form.addEventListener('submit', async event => {
      event.preventDefault();
      const missing = Object.fromEntries(controls.filter(field => field.missing()).map(field => [field.name, ['This field is required.']]));
      if (Object.keys(missing).length) return show({ errors: missing });
      confirm.disabled = true;
      try {
        const news = await submit(values());
        done = true;
        dialog.close();
        announce(news);
      } catch (error) {
        confirm.disabled = false;
        show(error);
      }
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });

    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector('.field input, .field textarea, .field select') ?? confirm).focus();
    if (preview) {
      form.addEventListener('change', ({ target }) => fields.find(({ name }) => name === target.name).aside || look());
      look();
    }
  });
}

/** Every action needs a name: asks for it once. Returns whether there is one. */
export const identify = () => operator.name !== '' || askForName();

export const askForName = () => ask({
  title: 'Who are you?',
  text: 'Every action is recorded with your name.',
  fields: [{ name: 'name', label: 'Your name', value: operator.name, required: true, hint: 'Up to 100 characters, without accents.' }],
  action: 'Save',
  submit: ({ name }) => {
    // It is sent in a header.
    if (!/^[ -~]{1,100}$/.test(name)) throw { errors: { name: ['Use up to 100 plain letters, digits and punctuation marks (ASCII).'] } };
    operator.name = name.trim();
    document.dispatchEvent(new Event('operator'));
    return `Hello, ${operator.name}.`;
  },
});

/** A field with its label, its hint, and room for its error. */
function control({ name, label, type = 'text', value = '', hint, required, aside, options = [], ...rest }) {
  const id = `field-${name}`;
  const error = h('span', { id: `${id}-error`, class: 'error' });
  const described = { 'aria-describedby': [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(' ') };
  const label_ = [label, required && h('span', { class: 'needed' }, ' (required)')];
  const help = hint && h('span', { id: `${id}-hint`, class: 'hint' }, hint);

  if (type === 'radio') {
    const inputs = options.map(([key, text]) => [h('input', { type, name, id: `${id}-${key}`, value: key, checked: key === value }), text]);
    return {
      name,
      element: h('fieldset', { class: 'field', ...described }, h('legend', {}, label_), help,
        inputs.map(([input, text]) => h('label', { class: 'choice' }, input, ` ${text}`)), error),
      value: () => inputs.find(([input]) => input.checked)?.[0].value,
      missing: () => required && !inputs.some(([input]) => input.checked),
      fail: messages => fail(inputs[0][0], error, messages),
    };
  }

  const input = type === 'textarea' ? h('textarea', { id, name, rows: 12, spellcheck: 'false', ...described, ...rest })
    : type === 'select' ? h('select', { id, name, ...described }, options.map(([key, text]) =>
      h('option', { value: key, selected: key === value }, text)))
    : h('input', { id, name, type, autocomplete: 'off', ...described, ...rest });
  if (type !== 'select') input.value = value;
  if (required) input.setAttribute('aria-required', 'true');
  return {
    name,
    element: h('div', { class: 'field' }, h('label', { for: id }, label_), help, input, error),
    value: () => type === 'number' ? (input.value === '' ? undefined : Number(input.value))
      : type === 'datetime-local' ? (input.value ? new Date(input.value).toISOString() : undefined)
      : input.value === '' ? undefined : input.value,
    missing: () => required && input.value.trim() === '',
    fail: messages => fail(input, error, messages),
  };
}

function fail(input, error, messages) {
  error.textContent = messages?.join(' ') ?? '';
  if (messages) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}
