import "./orders.css";

import { useState } from "react";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { messageOf } from "../../api/problem";
import { useSession } from "../../api/session";
import type { Order } from "../../api/types";
import { queries } from "../../app/queries";
import { shortId } from "../../live/envelope";
import { store, useLive } from "../../live/events";
import { Picture } from "../../pets/Picture";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { price } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Failed, Loading, Notice } from "../../ui/states";
import { OrderBadge } from "../../ui/Status";
import { NeedsSignIn } from "../sign-in/NeedsSignIn";
import { PaymentForm } from "./PaymentForm";
import { Timeline, useOrderDetails } from "./Timeline";
import { useTitle } from "../../app/title";

function CancelOrder({ order }: { order: Order }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const cancel = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await take(api.DELETE("/v1/orders/{id}", { params: { path: { id: order.id } } }));
      setAsking(false);
      void queries.invalidateQueries({ queryKey: ["order", order.id] });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <>
      <Button kind="danger" icon="close" onClick={() => setAsking(true)}>
        Cancel the order
      </Button>
      <Dialog open={asking} title="Cancel this order?" onClose={() => setAsking(false)}>
        <p>
          The pet is free for others again{order.status === "APPROVED" && <>, and {price(order.totalAmount, order.currency)} are given back</>}. This cannot be
          undone.
        </p>
        {problem !== undefined && <Notice kind="bad">{messageOf(problem)}</Notice>}
        <div className="dialog-foot">
          <Button onClick={() => setAsking(false)}>Keep it</Button>
          <Button kind="danger" busy={busy} onClick={() => void cancel()}>
            Cancel the order
          </Button>
        </div>
      </Dialog>
    </>
  );
}

function Details({ id }: { id: string }) {
  const { data, error, refetch } = useOrderDetails(id);
  const order = useLive(() => data && store.newestOrder(data), [data]);
  if (error && !order) return <Failed error={error} retry={() => void refetch()} />;
  if (!order) return <Loading lines={3} height="7rem" />;
  const plain: Order = { ...order, userId: order.userId ?? null, tenantId: null };
  return (
    <div className="order-page">
      <div className="stack">
        <div className="order-head">
          {order.pet && <Picture pet={order.pet} />}
          <div className="stack tight">
            <h1>{order.pet ? <Link href={`/pets/${order.pet.id}`}>{order.pet.name}</Link> : "A pet that has left"}</h1>
            <span className="muted small">
              Order {shortId(order.id)} · {order.user?.username ?? "anonymous"}
            </span>
            <div className="row">
              <OrderBadge status={order.status} />
              <strong className="number">{price(order.totalAmount, order.currency)}</strong>
            </div>
          </div>
        </div>
        {order.status === "PLACED" && (
          <section className="card stack" aria-label="Payment">
            <h2>Pay</h2>
            <PaymentForm order={plain} />
          </section>
        )}
        {(order.status === "PLACED" || order.status === "APPROVED") && (
          <div>
            <CancelOrder order={plain} />
          </div>
        )}
      </div>
      <section className="card stack" aria-label="Timeline">
        <h2>What happened</h2>
        <Timeline order={plain} />
      </section>
    </div>
  );
}

export default function OrderPage({ id }: { id: string }) {
  useTitle(`Order ${shortId(id)}`);
  const who = useSession();
  return (
    <div className="stack">
      <p className="small crumb">
        <Link href="/orders" className="row">
          <Icon name="back" />
          All orders
        </Link>
      </p>
      {who ? <Details id={id} /> : <NeedsSignIn title="Sign in to see this order" />}
    </div>
  );
}
