// Waiting without sleeping: every wait ends at an event or at its limit, and says what it was waiting for.

/** Time to wait for one event on a live channel. */
export const EVENT_LIMIT_MS = 30_000;

/**
 * Rejects when `promise` has not settled within `limitMs`.
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what what is awaited, for the message
 * @param {number} [limitMs]
 * @returns {Promise<T>}
 */
export async function within(promise, what, limitMs = EVENT_LIMIT_MS) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Repeats `probe` until it returns something truthy. Only for facts that no channel announces, such as a recorded
 * webhook attempt.
 * @template T
 * @param {() => Promise<T>} probe
 * @param {string} what
 * @param {number} [limitMs]
 * @returns {Promise<T>}
 */
export async function eventually(probe, what, limitMs = EVENT_LIMIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not true within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * What a subscriber has received, in order of arrival, with a way to wait for more.
 * @template T
 */
export class Inbox {
  /** @type {T[]} */
  items = [];
  /** @type {Error | undefined} */
  failure;
  #waiters = new Set();

  /** @param {T} item */
  push(item) {
    this.items.push(item);
    for (const check of [...this.#waiters]) check();
  }

  /**
   * The channel ended or refused: whoever waits now or later gets this error. The first one counts.
   * @param {Error} error
   */
  fail(error) {
    this.failure ??= error;
    for (const check of [...this.#waiters]) check();
  }

  /**
   * Resolves with the items as soon as `done(items)` is true.
   * @param {(items: T[]) => boolean} done
   * @param {string} what
   * @param {number} [limitMs]
   * @returns {Promise<T[]>}
   */
  until(done, what, limitMs = EVENT_LIMIT_MS) {
    return new Promise((resolve, reject) => {
      let timer;
      const settle = (act) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        act();
      };
      const check = () => {
        if (done(this.items)) settle(() => resolve(this.items));
        else if (this.failure) settle(() => reject(this.failure));
      };
      timer = setTimeout(
        () => settle(() => reject(new Error(`${what}: not within ${limitMs} ms, got ${summary(this.items)}`))),
        limitMs,
      );
      this.#waiters.add(check);
      check();
    });
  }

  /**
   * @param {number} count
   * @param {string} what
   * @param {number} [limitMs]
   */
  untilCount(count, what, limitMs) {
    return this.until((items) => items.length >= count, `${what} (${count} items)`, limitMs);
  }
}

/** @param {unknown[]} items */
function summary(items) {
  const last = items.slice(-10).map((item) => item?.eventType ?? JSON.stringify(item));
  return `${items.length}: [${last.join(", ")}]`;
}
