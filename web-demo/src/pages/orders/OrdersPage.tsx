import "./orders.css";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { fetchOrders, type OrderRow } from "../../api/graphql";
import { isStaff, useSession } from "../../api/session";
import type { OrderStatus } from "../../api/types";
import { useRefreshOn } from "../../app/queries";
import { shortId } from "../../live/envelope";
import { store, useLive } from "../../live/events";
import { Picture } from "../../pets/Picture";
import { Button } from "../../ui/Button";
import { momentOf, price } from "../../ui/format";
import { Empty, Failed, Loading } from "../../ui/states";
import { OrderBadge } from "../../ui/Status";
import { NeedsSignIn } from "../sign-in/NeedsSignIn";
import { useTitle } from "../../app/title";

const perPage = 20;
const way: readonly OrderStatus[] = ["PLACED", "APPROVED", "SHIPPED", "DELIVERED"];

function Progress({ status }: { status: OrderStatus }) {
  const at = way.indexOf(status);
  return (
    <span className={`progress ${status === "CANCELLED" ? "cancelled" : ""}`} aria-hidden="true">
      {way.map((one, index) => (
        <span key={one} className={index <= at ? "done" : undefined} />
      ))}
    </span>
  );
}

function Row({ order, buyer }: { order: OrderRow; buyer: boolean }) {
  return (
    <li>
      <Link href={`/orders/${order.id}`} className="order-row" data-order={order.id}>
        <span className="order-thumb">{order.pet && <Picture pet={order.pet} />}</span>
        <span>
          <strong>{order.pet?.name ?? "A pet that has left"}</strong>{" "}
          <span className="muted small">
            {shortId(order.id)} · {momentOf(order.createdAt)}
            {buyer && ` · ${order.user?.username ?? "anonymous"}`}
          </span>
          <Progress status={order.status} />
        </span>
        <span className="order-end">
          <span className="number">{price(order.totalAmount, order.currency)}</span>
          <OrderBadge status={order.status} />
        </span>
      </Link>
    </li>
  );
}

function OrderList({ staff }: { staff: boolean }) {
  const [params, setParams] = useSearchParams();
  const page = Math.max(1, Math.floor(Number(params.get("page")) || 1));
  const { data, error, refetch } = useQuery({
    queryKey: ["orders", "list", page],
    queryFn: () => fetchOrders({ page, limit: perPage }),
    placeholderData: keepPreviousData,
  });
  useRefreshOn(["order.created"], ["orders"]);
  const orders = useLive(() => data?.map((order) => store.newestOrder(order)), [data]);
  if (error && !orders) return <Failed error={error} retry={() => void refetch()} />;
  if (!orders) return <Loading lines={6} height="5.5rem" />;
  if (orders.length === 0 && page === 1) {
    return (
      <Empty icon="orders" title="No order yet">
        <span>Order a pet, and watch it move here.</span>
        <Link className="button primary" href="/">
          Look at the pets
        </Link>
      </Empty>
    );
  }
  return (
    <>
      <ol role="list" className="order-rows">
        {orders.map((order) => (
          <Row key={order.id} order={order} buyer={staff} />
        ))}
      </ol>
      <nav className="pager" aria-label="Pages of orders">
        <Button icon="back" disabled={page === 1} onClick={() => setParams({ page: String(page - 1) })}>
          Newer
        </Button>
        <Button disabled={orders.length < perPage} onClick={() => setParams({ page: String(page + 1) })}>
          Older
        </Button>
      </nav>
    </>
  );
}

export default function OrdersPage() {
  useTitle("Orders");
  const who = useSession();
  const staff = isStaff(who);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{staff ? "All orders" : "My orders"}</h1>
          <p>They move by themselves: placed, approved when paid, shipped, delivered.</p>
        </div>
      </div>
      {who ? <OrderList staff={staff} /> : <NeedsSignIn title="Your orders are yours alone" />}
    </>
  );
}
