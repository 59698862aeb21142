import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, take } from "../../api/client";
import { isAdmin, useSession } from "../../api/session";
import type { Inventory, Order, OrderStatus } from "../../api/types";
import { useRefreshOn } from "../../app/queries";
import { store, useLive } from "../../live/events";
import { columns } from "./useBoard";

const minuteMs = 60_000;
export const shownMinutes = 30;
const tickMs = 5_000;
const pageSize = 100;
const mostPages = 5;

async function totals(signal: AbortSignal): Promise<Partial<Record<OrderStatus, number>>> {
  const counts = await Promise.all(
    columns.map(async (status) => {
      const page = await take(api.GET("/v1/orders", { params: { query: { status, limit: 1 } }, signal }));
      return [status, page.pagination.totalItems] as const;
    }),
  );
  return Object.fromEntries(counts) as Partial<Record<OrderStatus, number>>;
}

/** How many orders there are of each status, of all time. */
export function useTotals() {
  useRefreshOn(["order."], ["totals"]);
  return useQuery({ queryKey: ["totals"], queryFn: ({ signal }) => totals(signal) });
}

export function useInventory(): Inventory | undefined {
  const { data } = useQuery({ queryKey: ["inventory"], queryFn: ({ signal }) => take(api.GET("/v1/inventory", { signal })) });
  return useLive(() => data && store.newestInventory(data), [data]);
}

/** The store in numbers; for administrators. */
export function useStats() {
  const admin = isAdmin(useSession());
  useRefreshOn(["order.", "payment.", "user."], ["stats"]);
  return useQuery({ queryKey: ["stats"], enabled: admin, queryFn: ({ signal }) => take(api.GET("/v1/admin/dashboard/stats", { signal })) });
}

async function recentOrders(signal: AbortSignal): Promise<Order[]> {
  const createdFrom = new Date(Date.now() - shownMinutes * minuteMs).toISOString();
  const found: Order[] = [];
  for (let page = 1; page <= mostPages; page += 1) {
    const { data, pagination } = await take(api.GET("/v1/orders", { params: { query: { createdFrom, limit: pageSize, page } }, signal }));
    found.push(...data);
    if (page >= pagination.totalPages) break;
  }
  return found;
}

export interface Minutes {
  /** Unix seconds at which each minute begins. */
  starts: number[];
  orders: number[];
  /** Of the orders of that minute that are paid, in units of the currency. */
  revenue: number[];
}

const paid: readonly OrderStatus[] = ["APPROVED", "SHIPPED", "DELIVERED"];

function bucket(orders: Iterable<Order>, nowMs: number): Minutes {
  const last = Math.floor(nowMs / minuteMs);
  const first = last - shownMinutes + 1;
  const starts = Array.from({ length: shownMinutes }, (_, index) => (first + index) * 60);
  const counts = new Array<number>(shownMinutes).fill(0);
  const cents = new Array<number>(shownMinutes).fill(0);
  for (const { createdAt, status, totalAmount } of orders) {
    const at = Math.floor(Date.parse(createdAt) / minuteMs) - first;
    if (at < 0 || at >= shownMinutes) continue;
    counts[at] = (counts[at] ?? 0) + 1;
    if (paid.includes(status)) cents[at] = (cents[at] ?? 0) + Number(totalAmount.replace(".", ""));
  }
  return { starts, orders: counts, revenue: cents.map((sum) => sum / 100) };
}

/** The last minutes, from what was read and what events told, each order once. */
export function useMinutes(): Minutes {
  const { data } = useQuery({ queryKey: ["recent-orders"], queryFn: ({ signal }) => recentOrders(signal) });
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), tickMs);
    return () => window.clearInterval(timer);
  }, []);
  return useLive(() => {
    const all = new Map((data ?? []).map((order) => [order.id, store.newestOrder(order)]));
    for (const order of store.orders()) all.set(order.id, order);
    return bucket(all.values(), Math.max(nowMs, Date.now()));
  }, [data, nowMs]);
}
