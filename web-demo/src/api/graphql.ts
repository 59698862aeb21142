import type {
  BoardQuery,
  CardFragment,
  OrderDetailsQuery,
  OrderDetailsQueryVariables,
  OrdersQuery,
  OrdersQueryVariables,
  WhoAmIQuery,
} from "../generated/graphql";
import boardDocument from "../graphql/board.graphql?raw";
import orderDocument from "../graphql/order.graphql?raw";
import ordersDocument from "../graphql/orders.graphql?raw";
import whoAmIDocument from "../graphql/who-am-i.graphql?raw";
import { isRecord, parseJson } from "../live/envelope";
import { send } from "./client";
import { problemOf, Refused } from "./problem";

interface Execution<T> {
  data?: T | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

async function query<T>(document: string, variables: object, headers: HeadersInit = {}): Promise<T> {
  const response = await send(
    new Request("/v1/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
      body: JSON.stringify({ query: document, variables }),
    }),
  );
  const answer = parseJson(await response.text());
  const { data, errors }: Execution<T> = isRecord(answer) ? (answer as Execution<T>) : {};
  const first = errors?.[0];
  if (first) {
    const code = first.extensions?.code;
    throw new Refused(response.status, { detail: first.message, ...(code ? { code } : {}) });
  }
  if (!response.ok || !data) throw new Refused(response.status, problemOf(answer));
  return data;
}

export type OrderRow = OrdersQuery["orders"][number];
export type OrderDetails = NonNullable<OrderDetailsQuery["order"]>;

/** Orders with their pets and buyers: the staff's of the tenant, a customer's own. */
export async function fetchOrders(variables: OrdersQueryVariables): Promise<OrderRow[]> {
  return (await query<OrdersQuery>(ordersDocument, variables)).orders;
}

/** The newest orders of each status. */
export async function fetchBoard(limit: number): Promise<CardFragment[]> {
  return Object.values(await query<BoardQuery>(boardDocument, { limit })).flat();
}

export async function fetchOrder(id: string): Promise<OrderDetails> {
  const variables: OrderDetailsQueryVariables = { id };
  const { order } = await query<OrderDetailsQuery>(orderDocument, variables);
  if (!order) throw new Refused(404, { detail: "There is no such order, or it is not yours." });
  return order;
}

export async function whoAmI(accessToken: string): Promise<NonNullable<WhoAmIQuery["me"]>> {
  const { me } = await query<WhoAmIQuery>(whoAmIDocument, {}, { Authorization: `Bearer ${accessToken}` });
  if (!me) throw new Error("This token stands for no user.");
  return me;
}
