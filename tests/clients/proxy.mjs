// A TCP pipe in front of the server whose cable can be pulled: the abrupt loss that no client library can fake.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class CuttableProxy {
  #sockets = new Set();
  #plugged = true;
  #onRefused = () => {};
  #server;

  /** @param {number} targetPort on 127.0.0.1 */
  constructor(targetPort) {
    this.#server = createServer((inner) => {
      if (this.#plugged) this.#join(inner, connect(targetPort, "127.0.0.1"));
      else {
        inner.on("error", () => {}).resetAndDestroy();
        this.#onRefused();
      }
    });
  }

  /** @param {number} targetPort */
  static async start(targetPort) {
    const proxy = new CuttableProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  #join(inner, outer) {
    for (const [socket, peer] of [[inner, outer], [outer, inner]]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        peer.destroy();
      });
      socket.pipe(peer);
    }
  }

  /**
   * Breaks every connection and refuses new ones.
   * @returns {Promise<void>} resolves when a client has tried in vain to connect again
   */
  unplug() {
    this.#plugged = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    return new Promise((resolve) => (this.#onRefused = resolve));
  }

  /** Lets connections pass again. */
  plug() {
    this.#plugged = true;
  }

  close() {
    this.#server.close();
    this.unplug();
  }
}
