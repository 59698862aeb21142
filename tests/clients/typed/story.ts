// The story of one order by a client whose types are generated from the golden OpenAPI document: what does not compile
// here is a document that does not say what the server does.

import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./openapi.js";

type Order = components["schemas"]["Order"];
type Payment = components["schemas"]["OrderPayment"];
type Pet = components["schemas"]["Pet"];
type ReceiptDocument = components["schemas"]["ReceiptDocument"];

/** What the story came to. */
export interface Story {
  pet: Pet;
  placed: Order;
  payment: Payment;
  paid: Order;
  receipt: ReceiptDocument;
}

/** A client with a token for every request. */
async function signIn(baseUrl: string, username: string, password: string): Promise<Client<paths>> {
  const client = createClient<paths>({ baseUrl });
  const { data, error } = await client.POST("/v1/auth/tokens", { body: { username, password } });
  if (!data) throw new Error(`cannot sign in: ${error.code}`);
  const authorize: Middleware = {
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${data.accessToken}`);
      return request;
    },
  };
  client.use(authorize);
  return client;
}

/** The receipt that the event of the payment names. */
async function receiptId(client: Client<paths>, payment: Payment): Promise<string> {
  const { data, error } = await client.GET("/v1/events", {
    params: { query: { topics: ["payments"], limit: 500 } },
    headers: { Accept: "application/json" },
  });
  if (!data) throw new Error(`cannot read events: ${error.code}`);
  // The other media type of the answer, a stream, has its events as texts.
  const events = typeof data.data === "string" ? [] : data.data;
  for (const event of events) {
    if (event.eventType === "payment.succeeded" && event.data.payment.id === payment.id) {
      return event.data.receipt.receiptId;
    }
  }
  throw new Error("the payment has no event");
}

/** Signs in, finds a pet, orders and pays it, and reads receipt and order. */
export async function tellStory(baseUrl: string, username: string, password: string): Promise<Story> {
  const client = await signIn(baseUrl, username, password);
  const pets = await client.GET("/v1/pets", { params: { query: { status: "AVAILABLE", species: "CAT", limit: 1 } } });
  const pet = pets.data?.data[0];
  if (!pet) throw new Error("no cat is available");

  const placed = await client.POST("/v1/orders", { body: { petId: pet.id } });
  if (!placed.data) throw new Error(`cannot order: ${placed.error.code}`);
  const order = placed.data;
  const params = { path: { id: order.id } };

  const paid = await client.POST("/v1/orders/{id}/payment", {
    params,
    body: {
      amount: order.totalAmount,
      currency: order.currency,
      source: { object: "card", name: "Alice Doe", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2030 },
    },
  });
  if (!paid.data) throw new Error(`cannot pay: ${paid.error.code}`);

  const id = await receiptId(client, paid.data);
  const receipt = await client.GET("/v1/receipts/{id}", { params: { path: { id } } });
  if (!receipt.data) throw new Error(`no receipt: ${receipt.error.code}`);
  const after = await client.GET("/v1/orders/{id}", { params });
  if (!after.data) throw new Error(`no order: ${after.error.code}`);
  return { pet, placed: order, payment: paid.data, paid: after.data, receipt: receipt.data };
}
