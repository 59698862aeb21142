// Compiled against the types that graphql-codegen makes of the golden schema; run against the built server.
import type {
  LiveSubscription,
  NodeQuery,
  PayOrderMutation,
  PayOrderMutationVariables,
  PetsQuery,
  PetsQueryVariables,
  PlaceOrderMutation,
} from "./types.js";

/** Runs one operation of the document. */
type Run = <Answer>(operationName: string, variables: object) => Promise<Answer>;

/** Finds a pet, orders it and pays for it; resolves to what was answered. */
export async function tellStory(run: Run) {
  const wanted: PetsQueryVariables = {
    filter: { status: ["AVAILABLE"], species: ["CAT", "DOG"] },
    sort: { field: "PRICE", direction: "DESC" },
    first: 2,
  };
  const pets = await run<PetsQuery>("Pets", wanted);
  const pet = pets.petsConnection.edges[0]?.node;
  if (!pet) throw new Error("there is no pet to be had");
  const { order } = (await run<PlaceOrderMutation>("PlaceOrder", { pet: pet.id })).placeOrder;
  if (!order) throw new Error("the pet could not be ordered");
  const payment: PayOrderMutationVariables = {
    id: order.id,
    input: {
      amount: pet.price,
      currency: "USD",
      source: { card: { name: "Alice", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2090 } },
    },
  };
  const paid = (await run<PayOrderMutation>("PayOrder", payment)).payOrder.payment;
  const source = paid?.source;
  const last4 = source?.__typename === undefined && source && "last4" in source ? source.last4 : undefined;
  const again = await run<PlaceOrderMutation>("PlaceOrder", { pet: pet.id });
  const node = await run<NodeQuery>("Node", { id: order.id });
  return { pet, order, paid, last4, refused: again.placeOrder.userErrors[0]?.code, node: node.node };
}

/** What an event says, by its type. */
export function told(event: LiveSubscription["events"]): string {
  switch (event.__typename) {
    case "OrderStatusChangedEvent":
      return `${event.order.id}: ${event.previousStatus} to ${event.newStatus}`;
    case "PaymentSucceededEvent":
      return `paid: ${event.receipt?.id ?? "no receipt"}`;
    default:
      return event.__typename;
  }
}
