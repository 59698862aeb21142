// The story of one order, told through REST or through GraphQL: placed, paid, shipped, delivered.

/** @typedef {import("./api.mjs").Api} Api */

/** The topics that a back office listens to. */
export const TOPICS = ["orders", "payments"];

/**
 * A way to drive the store. `createPet`, `ship` and `deliver` are done by staff, `place` and `pay` by the buyer.
 * @typedef {object} Driver
 * @property {string} name
 * @property {(staff: Api) => Promise<{id: string}>} createPet
 * @property {(buyer: Api, petId: string) => Promise<{id: string, status: string}>} place
 * @property {(buyer: Api, order: any) => Promise<{id: string, status: string}>} pay
 * @property {(staff: Api, orderId: string) => Promise<{id: string, status: string}>} ship
 * @property {(staff: Api, orderId: string) => Promise<{id: string, status: string}>} deliver
 */

/** @type {Driver} */
export const restDriver = {
  name: "REST",
  createPet: (staff) => staff.createPet(),
  place: (buyer, petId) => buyer.placeOrder(petId),
  pay: (buyer, order) => buyer.payOrder(order),
  ship: (staff, orderId) => staff.shipOrder(orderId),
  deliver: (staff, orderId) => staff.deliverOrder(orderId),
};

const CREATE_PET = `mutation { createPet(input: {name: "Rex", species: DOG, ageMonths: 5, price: "75.00"}) { pet { id } userErrors { code message field } } }`;
const PLACE_ORDER = `mutation ($petId: ID!) {
  placeOrder(input: {petId: $petId}) { order { id status totalAmount currency } userErrors { code message field } } }`;
const PAY_ORDER = `mutation ($id: ID!) {
  payOrder(id: $id, input: {amount: "75.00", currency: USD, source: {card: {
    name: "Alice Doe", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2030}}}) { payment { id status } userErrors { code message field } } }`;
const SHIP_ORDER = `mutation ($id: ID!) { shipOrder(id: $id) { order { id status } userErrors { code message field } } }`;
const DELIVER_ORDER = `mutation ($id: ID!) { deliverOrder(id: $id) { order { id status } userErrors { code message field } } }`;

/** @type {Driver} */
export const graphqlDriver = {
  name: "GraphQL",
  createPet: async (staff) => (await staff.graphql(CREATE_PET)).createPet.pet,
  place: async (buyer, petId) => (await buyer.graphql(PLACE_ORDER, { petId })).placeOrder.order,
  pay: async (buyer, order) => (await buyer.graphql(PAY_ORDER, { id: order.id })).payOrder.payment,
  ship: async (staff, id) => (await staff.graphql(SHIP_ORDER, { id })).shipOrder.order,
  deliver: async (staff, id) => (await staff.graphql(DELIVER_ORDER, { id })).deliverOrder.order,
};

/**
 * The five changes of one order as separate steps, so that a test can break a connection between them. Each step
 * resolves to the resource that the server answered.
 * @param {Driver} driver
 * @param {{staff: Api, buyer: Api}} who
 */
export function storySteps(driver, { staff, buyer }) {
  let order;
  return [
    async () => (order = await driver.place(buyer, (await driver.createPet(staff)).id)),
    () => driver.pay(buyer, order),
    () => driver.ship(staff, order.id),
    () => driver.deliver(staff, order.id),
  ];
}

/** The status that each step of the story answers with. */
export const STEP_STATUSES = ["PLACED", "SUCCEEDED", "SHIPPED", "DELIVERED"];

/** How many events of TOPICS each step makes: a payment moves the order and succeeds itself. */
export const STEP_EVENTS = [1, 2, 1, 1];

/**
 * Runs the whole story.
 * @param {Driver} driver
 * @param {{staff: Api, buyer: Api}} who
 * @returns {Promise<{orderId: string, statuses: string[]}>}
 */
export async function runStory(driver, who) {
  const answers = [];
  for (const step of storySteps(driver, who)) answers.push(await step());
  return { orderId: answers[0].id, statuses: answers.map((answer) => answer.status) };
}

/**
 * Is this the last event of the order's story?
 * @param {string} orderId
 */
export const isDelivered = (orderId) => (envelope) =>
  envelope.eventType === "order.statusChanged" &&
  envelope.data.newStatus === "DELIVERED" &&
  envelope.data.order.id === orderId;

/** The order that an event of TOPICS is about. */
export const orderIdOf = (envelope) => envelope.data.order?.id;

/** @param {{eventId: string}[]} envelopes */
export const ids = (envelopes) => envelopes.map((envelope) => envelope.eventId);
