import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, take } from "../../api/client";
import { isAdmin, useSession } from "../../api/session";
import type { Order, OrderStatus } from "../../api/types";
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

export function useInventory() {
  const query = useQuery({ queryKey: ["inventory"], queryFn: ({ signal }) => take(api.GET("/v1/inventory", { signal })) });
  const { data } = query;
  return { ...query, data: useLive(() => data && store.newestInventory(data), [data]) };
}

/** The store in numbers; for administrators. */
export function useStats() {
  const admin = isAdmin(useSession());
  useRefreshOn(["order.", "payment.", "user."], ["stats"]);
  return useQuery({ queryKey: ["stats"], enabled: admin, queryFn: ({ signal }) => take(api.GET("/v1/admin/dashboard/stats", { signal })) });
}

interface Recent {
  orders: Order[];
  /** There are more than are read here. */
  cut: boolean;
}

async function recentOrders(signal: AbortSignal): Promise<Recent> {
  const createdFrom = new Date(Date.now() - shownMinutes * minuteMs).toISOString();
  const found: Order[] = [];
  for (let page = 1; page <= mostPages; page += 1) {
    const { data, pagination } = await take(api.GET("/v1/orders", { params: { query: { createdFrom, limit: pageSize, page } }, signal }));
    found.push(...data);
    if (page >= pagination.totalPages) return { orders: found, cut: false };
  }
  return { orders: found, cut: true };
}

export interface Minutes {
  /** Unix seconds at which each minute begins. */
  starts: number[];
  orders: number[];
  /** Of the orders of that minute that are paid, US dollars. */
  revenue: number[];
  /** There were more orders than are counted. */
  cut: boolean;
}

const paid: readonly OrderStatus[] = ["APPROVED", "SHIPPED", "DELIVERED"];

function bucket(orders: Iterable<Order>, nowMs: number): Omit<Minutes, "cut"> {
  const last = Math.floor(nowMs / minuteMs);
  const first = last - shownMinutes + 1;
  const starts = Array.from({ length: shownMinutes }, (_, index) => (first + index) * 60);
  const counts = new Array<number>(shownMinutes).fill(0);
  const cents = new Array<number>(shownMinutes).fill(0);
  for (const { createdAt, status, totalAmount, currency } of orders) {
    const at = Math.floor(Date.parse(createdAt) / minuteMs) - first;
    if (at < 0 || at >= shownMinutes) continue;
    counts[at] = (counts[at] ?? 0) + 1;
    if (currency === "USD" && paid.includes(status)) cents[at] = (cents[at] ?? 0) + Number(totalAmount.replace(".", ""));
  }
  return { starts, orders: counts, revenue: cents.map((sum) => sum / 100) };
}

/** The last minutes, from what was read and what events told, each order once; nothing before it was read. */
export function useMinutes() {
  const query = useQuery({ queryKey: ["recent-orders"], queryFn: ({ signal }) => recentOrders(signal) });
  const { data } = query;
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), tickMs);
    return () => window.clearInterval(timer);
  }, []);
  const minutes = useLive((): Minutes | undefined => {
    if (!data) return undefined;
    const all = new Map(data.orders.map((order) => [order.id, store.newestOrder(order)]));
    for (const order of store.orders()) all.set(order.id, order);
    return { ...bucket(all.values(), Math.max(nowMs, Date.now())), cut: data.cut };
  }, [data, nowMs]);
  return { ...query, data: minutes };
}
