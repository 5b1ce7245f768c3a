// Makes elements. Text from a message is inserted as text, never as markup: there is no innerHTML on this page.

const svgTags = new Set(['svg', 'g', 'path', 'circle', 'line', 'text', 'title', 'defs', 'marker', 'rect']);

/**
 * An element: h('a', { href: '#/', class: 'x' }, 'text', child).
 * A function is a listener (onclick), true an attribute without a value; false, null and undefined leave an attribute or a child out.
 */
export function h(tag, attributes = {}, ...children) {
  const element = svgTags.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child !== false && child != null));
  return element;
}

export const button = (label, onclick, attributes = {}) => h('button', { type: 'button', onclick, ...attributes }, label);

/** A section with its heading. */
export function section(heading, ...content) {
  const id = `section-${heading.toLowerCase().replace(/\W+/g, '-')}`;
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, heading), ...content);
}

/**
 * A table. On narrow screens each row becomes a card (style.css); the roles keep it a table for screen readers then.
 * A column is [heading, item => cell, class].
 */
export function table(caption, columns, items, empty = 'None.') {
  if (items.length === 0) return h('p', { class: 'empty' }, empty);
  return h('table', { role: 'table' },
    h('caption', { class: 'hidden' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' },
      columns.map(([heading, , kind]) => h('th', { scope: 'col', role: 'columnheader', class: kind }, heading)))),
    h('tbody', { role: 'rowgroup' }, items.map(item => h('tr', { role: 'row' },
      columns.map(([heading, cell, kind]) => h('td', {
        role: 'cell', class: kind, 'data-label': typeof heading === 'string' ? heading : null,
      }, together(cell(item))))))));
}

/** Keeps the parts of a cell together beside its label, where a row is a card. */
const together = content => Array.isArray(content) ? h('div', {}, ...content) : content;

/** Names with their values. */
export const facts = pairs => h('dl', {}, pairs.filter(([, value]) => value != null && value !== '')
  .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

const clock = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/** A time in this browser's time zone, with the UTC time as its tooltip. */
export const time = iso => iso ? h('time', { datetime: iso, title: iso }, clock.format(new Date(iso))) : '–';

/** Seconds in the largest unit that fits. */
export function duration(seconds) {
  const units = [['day', 86400], ['hour', 3600], ['minute', 60]];
  const [unit, length] = units.find(([, length]) => seconds >= length) ?? ['second', 1];
  return new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(Math.floor(seconds / length));
}

export const number = value => new Intl.NumberFormat('en').format(value);

export const plural = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;

/** A name without its namespace: of a wire address, a .NET type or a nested type. */
export const shortName = name => name ? name.split(/[:.+]/).at(-1) : '–';

const signs = {
  waiting: '!', scheduled: '◷', redriven: '→', resolved: '✓', discarded: '×',
  running: '▶', paused: '❚❚', completed: '✓', cancelled: '×', failed: '!',
};

/** A state, shown by sign and word; the colour only helps. */
export const state = name => h('span', { class: `state ${name}` }, h('span', { 'aria-hidden': 'true' }, signs[name] ?? '•'), ` ${name}`);

/** Text that keeps its line breaks, in a box that can be scrolled by keyboard. */
export const code = (text, label) => h('pre', { tabindex: '0', role: 'region', 'aria-label': label }, h('code', {}, text));

/** Shows a message for a while, and has screen readers read it out. */
export function announce(text) {
  const news = document.getElementById('news');
  news.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { news.textContent = ''; }, 10_000);
}
