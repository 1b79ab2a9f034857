/** What a browser does in a sign-in, without one. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * @typedef {object} Sent
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 */

/** @typedef {{ readonly status: number; readonly body: string; readonly location: string }} Answer */

/**
 * @param {string} url
 * @param {Sent} [sent]
 * @returns {Promise<Answer>}
 */
export function send(url, { body, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (incoming) => {
      const { statusCode: status = 0, headers } = incoming;
      text(incoming).then(
        (got) => resolve({ status, body: got, location: headers.location ?? '' }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export const form = { 'content-type': 'application/x-www-form-urlencoded' };

/**
 * @param {URL} address of the authorize page
 * @param {'allow' | 'deny'} decision
 * @returns {Promise<URL>} what the browser is sent back to
 */
export async function decide(address, decision) {
  const body = `decision=${decision}`;
  const { location } = await send(address.href, { method: 'POST', headers: form, body });
  return new URL(location);
}

/**
 * Does what the page does with a fragment.
 *
 * @param {URL} back
 * @returns {Promise<Answer>}
 */
export function bring(back) {
  if (back.hash === '') return send(back.href);
  const headers = { ...form, origin: back.origin };
  return send(`${back.origin}/`, { method: 'POST', body: back.hash.slice(1), headers });
}
