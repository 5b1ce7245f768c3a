import { h, section, shortName, table, time } from './dom.js';
import { addresses, ownName, timelineOf } from './api.js';

/** An order's events in all services. */
export async function timeline(page) {
  const search = event => {
    event.preventDefault();
    location.hash = `#/timeline/${encodeURIComponent(event.target.elements.stream.value.trim())}`;
  };
  return {
    title: 'Timeline',
    content: [
      h('form', { role: 'search', 'aria-label': 'Stream', class: 'line', onsubmit: search },
        h('div', { class: 'field wide' }, h('label', { for: 'stream' }, 'Stream, such as an order’s id'),
          h('input', { id: 'stream', name: 'stream', value: page.id ?? '', required: true, autocomplete: 'off' })),
        h('button', { type: 'submit', class: 'primary' }, 'Show')),
      page.id && timelineOfStream(page.id),
    ],
  };
}

/** A section that shows the timeline when every service has answered or failed to. */
export function timelineOfStream(stream) {
  const content = h('div', { 'aria-live': 'polite' }, 'Asking the services…');
  const names = [...new Set([ownName, ...Object.keys(addresses)])];
  Promise.allSettled(names.map(name => timelineOf(name, stream))).then(answers => {
    const silent = names.filter((_, index) => answers[index].status === 'rejected');
    const known = answers.filter(answer => answer.status === 'fulfilled').map(answer => answer.value);
    const marks = inOrder(known.flatMap(marksOf));
    content.replaceChildren(
      ...silent.map(name => h('p', { class: 'failure' }, `${name} did not answer: its events are missing here.`)),
      silent.length ? hint() : '',
      ...(marks.length ? [draw(marks, lanesOf(marks, known, silent)), asTable(marks)]
        : [h('p', { class: 'empty' }, 'No service knows of this stream.')]));
  });
  return section('Timeline of the order', h('p', { class: 'id' }, stream), content);
}

/** Peers answer only pages that were opened at the address by which they know this service. */
function hint() {
  const known = addresses[ownName] && new URL(addresses[ownName]).origin;
  return known && known !== location.origin
    ? h('p', {}, 'Open this page at ', h('a', { href: `${known}/ops${location.hash}` }, known), ': the other services answer only pages from there.')
    : '';
}

/** What a service knows, as marks on its lane: its events, and events of others that are deferred or have failed there. */
function marksOf({ service, events, deferred, deadLetters }) {
  return [
    ...events.map(event => ({ ...event, kind: 'event', service, at: event.occurredAt, cause: event.causationId })),
    ...deferred.map(event => ({ ...event, kind: 'deferred', service, at: event.deferredAt, cause: event.eventId, says: 'deferred' })),
    ...deadLetters.map(letter => ({
      ...letter, kind: 'dead', service, at: letter.lastFailedAt, cause: letter.messageId, says: `dead letter: ${letter.state}`,
    })),
  ];
}

/** By time; but because clocks differ, an effect is never placed before its cause. */
function inOrder(marks) {
  const byId = new Map(marks.filter(mark => mark.kind === 'event').map(mark => [mark.eventId, mark]));
  const ordered = new Set();
  const place = (mark, waiting = new Set()) => {
    const cause = byId.get(mark.cause);
    if (cause && cause !== mark && !waiting.has(cause)) place(cause, waiting.add(mark));
    ordered.add(Object.assign(mark, { from: cause === mark ? undefined : cause }));
  };
  marks.toSorted((a, b) => a.at.localeCompare(b.at)).forEach(mark => place(mark));
  return [...ordered];
}

/** The services, in the order in which they took part. */
const lanesOf = (marks, known, silent) =>
  [...new Set([...marks.map(mark => mark.service), ...known.map(({ service }) => service), ...silent])];

const drawingSays = 'The events of each service, and what caused them. The table below says the same.';

const geometry = { left: 70, lane: 240, top: 44, row: 46 };

/** A lane for each service, a row for each mark, an arrow from each cause. */
function draw(marks, lanes) {
  const { left, lane, top, row } = geometry;
  const x = service => left + 24 + lanes.indexOf(service) * lane;
  const y = mark => top + 30 + marks.indexOf(mark) * row;
  const [width, height] = [left + lanes.length * lane + 20, top + marks.length * row + 20];
  const begin = new Date(marks[0].at);
  return h('figure', {},
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Drawing of the timeline' },
      h('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': drawingSays },
        h('defs', {}, h('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
          h('path', { d: 'M0 0 8 4 0 8z', class: 'head' }))),
        lanes.map(name => h('g', { class: 'lane' },
          h('line', { x1: x(name), y1: top, x2: x(name), y2: height - 8 }),
          h('text', { x: x(name), y: 22, 'text-anchor': 'start', dx: -6 }, name))),
        marks.filter(mark => mark.from).map(mark => h('path', {
          class: `arrow ${mark.kind}`, d: way(x(mark.from.service), y(mark.from), x(mark.service), y(mark)), 'marker-end': 'url(#arrow)',
        })),
        marks.map(mark => h('g', { class: `mark ${mark.kind}` },
          h('text', { class: 'when', x: left - 12, y: y(mark) + 4, 'text-anchor': 'end' }, after(begin, mark.at)),
          shape(mark.kind, x(mark.service), y(mark)),
          h('text', { class: 'name', x: x(mark.service) + 16, y: y(mark) + (mark.says ? -2 : 4) }, shortName(mark.type)),
          mark.says && h('text', { class: 'says', x: x(mark.service) + 16, y: y(mark) + 13 }, mark.says))))));
}

/** Events are dots, deferred events are rings, dead letters are crosses. */
function shape(kind, x, y) {
  if (kind === 'dead') return h('path', { d: `M${x - 6} ${y - 6} ${x + 6} ${y + 6}M${x + 6} ${y - 6} ${x - 6} ${y + 6}` });
  return h('circle', { cx: x, cy: y, r: kind === 'deferred' ? 7 : 6 });
}

/** Down beside the cause's lane, across to the effect's lane between two rows, where there is no name, and down to the effect. */
function way(x1, y1, x2, y2) {
  const side = Math.sign(x2 - x1) || -1;
  const [beside, between] = [x1 + 11 * side, y2 - geometry.row / 2];
  const down = `M${x1 + 6 * side} ${y1}Q${beside} ${y1} ${beside} ${y1 + 6}`;
  if (x1 === x2) return `${down}V${y2 - 6}Q${beside} ${y2} ${x2 - 8} ${y2}`;
  const over = `V${between - 6}Q${beside} ${between} ${beside + 6 * side} ${between}H${x2 - 8 * side}`;
  return `${down}${over}Q${x2} ${between} ${x2} ${between + 8}V${y2 - 9}`;
}

function after(begin, at) {
  const milliseconds = new Date(at) - begin;
  if (milliseconds < 1000) return `+${milliseconds} ms`;
  if (milliseconds < 120_000) return `+${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds < 7_200_000) return `+${Math.round(milliseconds / 60_000)} min`;
  return milliseconds < 172_800_000 ? `+${Math.round(milliseconds / 3_600_000)} h` : `+${Math.round(milliseconds / 86_400_000)} d`;
}

const asTable = marks => table('The timeline', [
  ['When', mark => time(mark.at)],
  ['Service', mark => mark.service],
  ['Event', mark => mark.kind === 'dead' && mark.service === ownName
    ? h('a', { href: `#/dead-letters/${mark.id}` }, shortName(mark.type)) : shortName(mark.type)],
  ['Sequence', mark => mark.sequence ?? '–', 'number'],
  ['What', mark => mark.says ?? 'happened'],
  ['Caused by', mark => mark.from ? `${shortName(mark.from.type)} of ${mark.from.service}` : mark.kind === 'event' ? 'a request' : '–'],
], marks);
