// The API beside this page, and those of the other services.

const base = new URL('..', import.meta.url);
const { service, peers } = document.documentElement.dataset;

/** This service's name. */
export const ownName = service;

/** The address of every service that the configuration names, by name, this one included. */
export const addresses = JSON.parse(peers);

/** A refusal, from its RFC 9457 problem details. */
export class Problem extends Error {
  constructor(problem, status) {
    super(problem.detail ?? problem.title ?? `The service answered ${status}.`);
    this.status = status;
    /** What is wrong, by field: { limit: ['…'] }. */
    this.errors = problem.errors ?? {};
  }
}

/** Sends a GET to a path below /ops. Empty parameters are left out. */
export const get = (path, parameters = {}) => request('GET', `${path}${query(parameters)}`);

export const post = (path, body) => request('POST', path, body);

export const put = (path, body) => request('PUT', path, body);

/** As a query string, with its question mark, or nothing. */
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value != null && value !== '');
  return given.length ? `?${new URLSearchParams(given)}` : '';
}

/** What a service knows about a stream. */
export function timelineOf(name, stream) {
  const path = `timelines/${encodeURIComponent(stream)}`;
  const url = name === ownName ? new URL(path, base) : new URL(`ops/${path}`, addresses[name]);
  return send(url, { signal: AbortSignal.timeout(5000) });
}

/** The operator's name, as the history will record it; kept in this browser. */
export const operator = {
  get name() { return localStorage.getItem('operator') ?? ''; },
  set name(value) { localStorage.setItem('operator', value); },
};

function request(method, path, body) {
  return send(new URL(path, base), {
    method,
    headers: method === 'GET' ? {} : { 'X-Operator': operator.name, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

async function send(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    throw new Problem({ detail: `${url.host} does not answer (${error.message}).` }, 0);
  }
  const text = await response.text();
  const json = response.headers.get('Content-Type')?.includes('json') && text ? JSON.parse(text) : {};
  if (!response.ok) throw new Problem(json, response.status);
  return json;
}
