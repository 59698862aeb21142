// A webhook receiver on loopback that trusts nothing: three verifiers check every request before it counts.

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { Inbox } from "./wait.mjs";

const TOLERANCE_S = 300;

/**
 * Checks `X-Webhook-Signature: t=<unix>,v1=<hex hmac-sha256 of "t.body">`; several v1 while a secret rotates.
 * @param {string} secret `whsec_` and base64 of the key
 * @param {string} body exactly as received
 * @param {string | undefined} header
 * @param {number} [nowS] unix seconds
 */
export function verifyTimestamped(secret, body, header, nowS = Date.now() / 1000) {
  const fields = (header ?? "").split(",").map((part) => part.trim().split("="));
  const timestamp = fields.find(([name]) => name === "t")?.[1];
  const signatures = fields.filter(([name]) => name === "v1").map(([, hex]) => Buffer.from(hex ?? "", "hex"));
  if (!timestamp || signatures.length === 0) throw new Error(`X-Webhook-Signature: not t=..,v1=..: ${header}`);
  if (!(Math.abs(nowS - Number(timestamp)) <= TOLERANCE_S)) throw new Error(`X-Webhook-Signature: t=${timestamp} is not now`);
  const expected = createHmac("sha256", timestampedKey(secret)).update(`${timestamp}.${body}`).digest();
  if (!signatures.some((given) => given.length === expected.length && timingSafeEqual(given, expected))) {
    throw new Error("X-Webhook-Signature: no v1 matches");
  }
}

/** The same key as for Standard Webhooks: the decoded bytes behind `whsec_`. */
function timestampedKey(secret) {
  return Buffer.from(secret.replace(/^whsec_/, ""), "base64");
}

/**
 * Runs every verifier over one delivery and returns its event.
 * @param {string} secret
 * @param {string} body
 * @param {Record<string, string>} headers in lower case
 */
export function verifyDelivery(secret, body, headers) {
  const event = new Webhook(secret).verify(body, headers);
  new SvixWebhook(secret).verify(body, headers);
  verifyTimestamped(secret, body, headers["x-webhook-signature"]);
  return event;
}

export class Receiver {
  /** Verified events by first arrival of their id. @type {Inbox<any>} */
  first = new Inbox();
  /** Every verified request, repeats included. @type {Inbox<{webhookId: string, eventId: string, answered: number}>} */
  requests = new Inbox();
  /** Why requests were refused. @type {string[]} */
  refused = [];
  /** The endpoint's secret; set it before the first event. */
  secret = "";
  #server = createServer((request, response) => this.#receive(request, response));
  #failures = [];
  #seen = new Set();

  static async start() {
    const receiver = new Receiver();
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/hook`;
  }

  /**
   * Answers the next requests whose event matches with these status codes instead of 204.
   * @param {(event: any) => boolean} matches
   * @param {...number} statuses
   */
  failNext(matches, ...statuses) {
    this.#failures.push(...statuses.map((status) => ({ matches, status })));
  }

  async #receive(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answered = this.#judge(Buffer.concat(chunks).toString("utf8"), request.headers);
    response.writeHead(answered).end();
  }

  #judge(body, headers) {
    let event;
    try {
      event = verifyDelivery(this.secret, body, headers);
    } catch (error) {
      this.refused.push(`${error.message}: ${body.slice(0, 200)}`);
      return 401;
    }
    const failure = this.#failures.findIndex(({ matches }) => matches(event));
    const answered = failure < 0 ? 204 : this.#failures.splice(failure, 1)[0].status;
    this.requests.push({ webhookId: headers["webhook-id"], eventId: event.eventId, answered });
    if (answered === 204 && !this.#seen.has(event.eventId)) {
      this.#seen.add(event.eventId);
      this.first.push(event);
    }
    return answered;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
