// Somebody else's site, on another port of this machine.

import { createServer } from 'node:http';

/**
 * @typedef {object} Neighbour
 * @property {(host: 'same-site' | 'cross-site', body: string) => string} page The address of a page of it. Ports do not
 *   count for cookies: from `127.0.0.1` a browser sends them along, from `localhost` it holds them back.
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Neighbour>} */
export async function startNeighbour() {
  const pages = [];
  const server = createServer((request, response) => {
    const body = pages[Number(request.url.slice(1))] ?? '';
    response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><title>Elsewhere</title>${body}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    page: (site, body) => {
      const number = pages.push(body) - 1;
      return `http://${site === 'same-site' ? '127.0.0.1' : 'localhost'}:${port}/${number}`;
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
