// Customers and staff at work: orders are placed, paid, shipped, delivered or cancelled, over the REST API like anyone's.

import createClient from "openapi-fetch";
import { idempotencyKey, take } from "../api/client";
import { messageOf, Refused } from "../api/problem";
import { demoPassword, fetchToken, session } from "../api/session";
import type { Order, Pet } from "../api/types";
import { ValueStore } from "../api/value-store";
import type { paths } from "../generated/rest";

export interface Traffic {
  running: boolean;
  /** Orders a second. */
  rate: number;
  placed: number;
  error: string | undefined;
}

export const rates = { least: 0.5, most: 8, step: 0.5 };
/** Most orders go back, so that there is always something to order. */
const deliveredShare = 0.25;
const pauseMs = 600;
const mostUnderWay = 24;
const stockPage = 100;

export const traffic = new ValueStore<Traffic>({ running: false, rate: 1, placed: 0, error: undefined });

function change(part: Partial<Traffic>): void {
  traffic.set({ ...traffic.get(), ...part });
}

type Client = ReturnType<typeof createClient<paths>>;
const clients = new Map<string, Promise<Client>>();

async function enter(username: string): Promise<Client> {
  const { accessToken } = await fetchToken({ username, password: demoPassword });
  return createClient<paths>({ baseUrl: location.origin, headers: { Authorization: `Bearer ${accessToken}` } });
}

/** The API as a demo account. */
function as(username: "alice" | "staff"): Promise<Client> {
  let client = clients.get(username);
  if (!client) {
    client = enter(username);
    client.catch(() => clients.delete(username));
    clients.set(username, client);
  }
  return client;
}

const stock: Pet[] = [];

async function somePet(): Promise<Pet> {
  if (stock.length === 0) {
    const buyer = await as("alice");
    const { data } = await take(buyer.GET("/v1/pets", { params: { query: { status: "AVAILABLE", limit: stockPage } } }));
    stock.push(...data.sort(() => Math.random() - 0.5));
  }
  const pet = stock.pop();
  if (!pet) throw new Error("No pet is available right now.");
  return pet;
}

const pause = (): Promise<void> => new Promise((resolve) => window.setTimeout(resolve, pauseMs * (0.5 + Math.random())));

async function place(buyer: Client): Promise<Order | undefined> {
  const pet = await somePet();
  try {
    return await take(buyer.POST("/v1/orders", { body: { petId: pet.id }, headers: { "Idempotency-Key": idempotencyKey() } }));
  } catch (error) {
    // Somebody else was faster: two buyers of one pet, one wins.
    if (error instanceof Refused && error.status === 409) return undefined;
    throw error;
  }
}

async function pay(buyer: Client, { id, totalAmount, currency }: Order): Promise<void> {
  const source = { object: "card" as const, name: "Alice Nguyen", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: new Date().getFullYear() + 2 };
  await take(buyer.POST("/v1/orders/{id}/payment", { params: { path: { id } }, body: { amount: totalAmount, currency, source } }));
}

/** One order from its beginning to its end. */
export async function playOrder(): Promise<void> {
  const [buyer, seller] = await Promise.all([as("alice"), as("staff")]);
  const order = await place(buyer);
  if (!order) return;
  change({ placed: traffic.get().placed + 1 });
  const params = { path: { id: order.id } };
  await pause();
  await pay(buyer, order);
  await pause();
  if (Math.random() >= deliveredShare) {
    await take(buyer.DELETE("/v1/orders/{id}", { params }));
    return;
  }
  await take(seller.POST("/v1/orders/{id}/ship", { params }));
  await pause();
  await take(seller.POST("/v1/orders/{id}/deliver", { params }));
}

let timer: number | undefined;
let underWay = 0;

function next(): void {
  const { running, rate } = traffic.get();
  if (!running) return;
  timer = window.setTimeout(next, 1000 / rate);
  if (underWay >= mostUnderWay) return;
  underWay += 1;
  playOrder()
    .then(() => change({ error: undefined }))
    .catch((error: unknown) => {
      // A token that is over is replaced at the next order.
      if (error instanceof Refused && error.status === 401) clients.clear();
      change({ error: messageOf(error) });
    })
    .finally(() => {
      underWay -= 1;
    });
}

// What one user began ends when that user leaves.
session.watch(() => {
  if (traffic.get().running && !session.get()) setRunning(false);
});

export function setRunning(running: boolean): void {
  window.clearTimeout(timer);
  change({ running, error: undefined });
  if (running) next();
}

export function setRate(rate: number): void {
  change({ rate });
}
