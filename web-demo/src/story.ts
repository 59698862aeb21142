import { ApiError, callAs } from "./api";

interface Pet {
  id: string;
  name: string;
  species: string;
}

interface Order {
  id: string;
  status: string;
  totalAmount: string;
  currency: string;
}

export type Step = "order" | "pay" | "ship" | "deliver";

/** The order on its way, and a sentence that says what happened last. */
export interface Chapter {
  order: Order;
  text: string;
}

const candidates = 20;

function capitalized(word: string): string {
  return word.charAt(0) + word.slice(1).toLowerCase();
}

/** Takes one step: an order needs nothing before it, the others go on with the last chapter. */
export function tell(step: Step, last: Chapter | undefined): Promise<Chapter> {
  if (step === "order" || !last) return orderPet();
  return { pay: payOrder, ship: shipOrder, deliver: deliverOrder }[step](last);
}

/** Alice orders one of the available pets. */
async function orderPet(): Promise<Chapter> {
  const { data } = await callAs<{ data: Pet[] }>("alice", "GET", `/v1/pets?status=AVAILABLE&limit=${candidates}`);
  const pets = data.sort(() => Math.random() - 0.5);
  for (const pet of pets) {
    try {
      const order = await callAs<Order>("alice", "POST", "/v1/orders", { petId: pet.id });
      const price = `${order.totalAmount} ${order.currency}`;
      return { order, text: `Alice ordered ${pet.name} (${capitalized(pet.species)}) for ${price}.` };
    } catch (error) {
      // Somebody else was faster: two buyers of one pet, one wins. Try the next pet.
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
  }
  throw new Error("No pet is available right now.");
}

/** Alice pays with the test card that always succeeds. */
async function payOrder({ order }: Chapter): Promise<Chapter> {
  await callAs("alice", "POST", `/v1/orders/${order.id}/payment`, {
    amount: order.totalAmount,
    currency: order.currency,
    source: {
      object: "card",
      name: "Alice Demo",
      number: "4242424242424242",
      cvc: "123",
      expMonth: 12,
      expYear: new Date().getUTCFullYear() + 2,
    },
  });
  return { order, text: `Alice paid ${order.totalAmount} ${order.currency} with card …4242.` };
}

async function shipOrder({ order }: Chapter): Promise<Chapter> {
  return { order: await callAs<Order>("staff", "POST", `/v1/orders/${order.id}/ship`), text: "Staff shipped the order." };
}

async function deliverOrder({ order }: Chapter): Promise<Chapter> {
  const delivered = await callAs<Order>("staff", "POST", `/v1/orders/${order.id}/deliver`);
  return { order: delivered, text: "Staff delivered the order. The story is complete." };
}
