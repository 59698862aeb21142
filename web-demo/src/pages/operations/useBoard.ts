import { useQuery } from "@tanstack/react-query";
import { fetchBoard } from "../../api/graphql";
import type { OrderStatus } from "../../api/types";
import { useValue } from "../../api/value-store";
import { useRefreshOn } from "../../app/queries";
import type { CardFragment } from "../../generated/graphql";
import { store, useLive } from "../../live/events";
import { intents, type Intent } from "./intents";

const perStatus = 25;

export const columns: readonly OrderStatus[] = ["PLACED", "APPROVED", "SHIPPED", "DELIVERED", "CANCELLED"];

export interface Row {
  order: CardFragment;
  intent: Intent | undefined;
}

/** Each order once: what was read, what events told since, and what the staff are about to do. */
function merge(read: readonly CardFragment[], intended: ReadonlyMap<string, Intent>): Map<OrderStatus, Row[]> {
  const rows = new Map(read.map((order) => [order.id, store.newestOrder(order)]));
  for (const heard of store.orders()) {
    if (rows.has(heard.id)) continue;
    const pet = store.pet(heard.petId);
    rows.set(heard.id, { ...heard, pet: pet ? { ...pet, breed: pet.breed ?? null, color: pet.color ?? null } : null, user: null });
  }
  const board = new Map<OrderStatus, Row[]>(columns.map((status) => [status, []]));
  for (const order of rows.values()) {
    const intent = intended.get(order.id);
    board.get(intent?.status ?? order.status)?.push({ order, intent });
  }
  for (const column of board.values()) {
    column.sort((a, b) => b.order.updatedAt.localeCompare(a.order.updatedAt));
    column.splice(perStatus);
  }
  return board;
}

export function useBoard() {
  const { data, error, refetch } = useQuery({ queryKey: ["board"], queryFn: () => fetchBoard(perStatus) });
  // Whoever is new has a buyer and a pet that the event does not name.
  useRefreshOn(["order.created"], ["board"]);
  const intended = useValue(intents);
  const board = useLive(() => data && merge(data, intended), [data, intended]);
  return { board, error, refetch };
}
