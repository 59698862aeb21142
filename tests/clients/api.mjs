// A small REST client: one method per operation that the story needs.

const REQUEST_LIMIT_MS = 15_000;
const PAGE_LIMIT = 500;

/** The password of every account of the demo seed. */
export const DEMO_PASSWORD = "petstore-demo";

/** A card that the sandbox always accepts. */
export const GOOD_CARD = {
  name: "Alice Doe",
  number: "4242424242424242",
  cvc: "123",
  expMonth: 12,
  expYear: 2030,
};

/** An answer that is not 2xx. */
export class ApiError extends Error {
  /**
   * @param {string} operation method and path
   * @param {number} status
   * @param {any} problem
   */
  constructor(operation, status, problem) {
    super(`${operation}: ${status} ${JSON.stringify(problem)}`);
    this.status = status;
    this.problem = problem;
  }
}

export class Api {
  /**
   * @param {string} url address of the server
   * @param {string} [token] bearer token; anonymous without
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /**
   * The same server as another user of the demo seed.
   * @param {string} username
   */
  async login(username) {
    const { token } = await this.call("POST", "/v1/auth/tokens", { username, password: DEMO_PASSWORD });
    return new Api(this.url, token);
  }

  /**
   * Sends one request and returns whatever is answered.
   * @param {string} method
   * @param {string} path
   * @param {{body?: unknown, headers?: Record<string, string>}} [options] a body that is no string or Buffer goes as JSON
   */
  async send(method, path, { body, headers = {} } = {}) {
    const raw = typeof body === "string" || Buffer.isBuffer(body);
    const response = await fetch(this.url + path, {
      method,
      headers: {
        accept: "application/json",
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined || raw ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** Like `send`, but returns the body and throws an ApiError when the answer is not 2xx. */
  async call(method, path, body) {
    const answer = await this.send(method, path, { body });
    if (answer.status < 200 || answer.status > 299) throw new ApiError(`${method} ${path}`, answer.status, answer.body);
    return answer.body;
  }

  createPet(name = "Rex") {
    return this.call("POST", "/v1/pets", { name, species: "DOG", ageMonths: 5, price: "75.00" });
  }

  /** @returns {Promise<any[]>} */
  async availablePets(limit = 100) {
    return (await this.call("GET", `/v1/pets?status=AVAILABLE&limit=${limit}`)).data;
  }

  placeOrder(petId) {
    return this.call("POST", "/v1/orders", { petId });
  }

  order(id) {
    return this.call("GET", `/v1/orders/${id}`);
  }

  /** Pays exactly what the order costs. */
  payOrder({ id, totalAmount, currency }) {
    return this.call("POST", `/v1/orders/${id}/payment`, {
      amount: totalAmount,
      currency,
      source: { object: "card", ...GOOD_CARD },
    });
  }

  shipOrder(id) {
    return this.call("POST", `/v1/orders/${id}/ship`);
  }

  deliverOrder(id) {
    return this.call("POST", `/v1/orders/${id}/deliver`);
  }

  cancelOrder(id) {
    return this.call("DELETE", `/v1/orders/${id}`);
  }

  createWebhookEndpoint(url, eventTypes) {
    return this.call("POST", "/v1/webhook-endpoints", { url, eventTypes });
  }

  async webhookDeliveries(endpointId) {
    return (await this.call("GET", `/v1/webhook-endpoints/${endpointId}/deliveries`)).data;
  }

  async webhookAttempts(endpointId, deliveryId) {
    return (await this.call("GET", `/v1/webhook-endpoints/${endpointId}/deliveries/${deliveryId}/attempts`)).data;
  }

  /**
   * One page of the event log.
   * @param {{topics: string[], after?: string, limit?: number}} query
   * @returns {Promise<{data: any[], nextCursor: string}>}
   */
  eventPage({ topics, after, limit = PAGE_LIMIT }) {
    const query = new URLSearchParams({ topics: topics.join(","), limit: String(limit) });
    if (after) query.set("after", after);
    return this.call("GET", `/v1/events?${query}`);
  }

  /**
   * Every event after the cursor, or from the oldest that is kept, read page by page.
   * @param {{topics: string[], after?: string, limit?: number}} query
   */
  async events({ topics, after, limit = PAGE_LIMIT }) {
    const events = [];
    for (let cursor = after; ; ) {
      const page = await this.eventPage({ topics, after: cursor, limit });
      events.push(...page.data);
      if (page.data.length < limit) return events;
      cursor = page.nextCursor;
    }
  }

  /**
   * Runs one GraphQL operation over HTTP; throws when the answer carries errors.
   * @param {string} query
   * @param {Record<string, unknown>} [variables]
   */
  async graphql(query, variables = {}) {
    const answer = await this.send("POST", "/v1/graphql", { body: { query, variables } });
    if (answer.status !== 200 || answer.body?.errors) throw new ApiError("POST /v1/graphql", answer.status, answer.body);
    for (const value of Object.values(answer.body.data)) {
      // What a mutation refuses stands in its payload.
      if (value?.userErrors?.length > 0) throw new ApiError("POST /v1/graphql", answer.status, value.userErrors);
    }
    return answer.body.data;
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
