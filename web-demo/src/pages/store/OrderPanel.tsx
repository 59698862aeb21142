import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { api, idempotencyKey, take } from "../../api/client";
import { messageOf, Refused } from "../../api/problem";
import { demoPassword, signIn, useSession } from "../../api/session";
import type { Order, Pet } from "../../api/types";
import { queries } from "../../app/queries";
import { store, useLive } from "../../live/events";
import { Button } from "../../ui/Button";
import { shortId } from "../../live/envelope";
import { Notice } from "../../ui/states";
import { OrderBadge } from "../../ui/Status";
import { PaymentForm } from "../orders/PaymentForm";
import { Timeline } from "../orders/Timeline";

/** The newest order that this user has for this pet. */
function useOwnOrder(pet: Pet, userId: string | undefined): Order | undefined {
  const { data } = useQuery({
    queryKey: ["orders", "of-pet", pet.id, userId],
    enabled: userId !== undefined,
    queryFn: ({ signal }) =>
      take(api.GET("/v1/orders", { params: { query: { petId: pet.id, userId: userId ?? "", limit: 1 } }, signal })),
  });
  return useLive(() => {
    const read = data?.data[0];
    const heard = [...store.orders()].filter((order) => order.petId === pet.id && order.userId === userId);
    const newest = [...heard, ...(read ? [store.newestOrder(read)] : [])].sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
    return newest?.status === "CANCELLED" ? undefined : newest;
  }, [data, pet.id, userId]);
}

function whyNot(error: unknown, pet: Pet): string {
  if (error instanceof Refused && error.status === 409) return `Somebody was faster: ${pet.name} is not available any more.`;
  return messageOf(error);
}

export function OrderPanel({ pet }: { pet: Pet }) {
  const who = useSession();
  const [location] = useLocation();
  const order = useOwnOrder(pet, who?.user.id);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  // The same key until it is answered: a second try after a lost answer does not order twice.
  const key = useRef(idempotencyKey());

  const place = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const body = { petId: pet.id };
      store.learn(await take(api.POST("/v1/orders", { body, headers: { "Idempotency-Key": key.current } })));
      void queries.invalidateQueries({ queryKey: ["orders"] });
      key.current = idempotencyKey();
    } catch (error) {
      setProblem(whyNot(error, pet));
      if (error instanceof Refused) key.current = idempotencyKey();
      void queries.invalidateQueries({ queryKey: ["pet", pet.id] });
    }
    setBusy(false);
  };
  const placeAsAlice = async (): Promise<void> => {
    setProblem(undefined);
    try {
      await signIn("alice", demoPassword);
      await place();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };

  return (
    <section className="card stack" aria-label="Order">
      {problem && <Notice kind="bad">{problem}</Notice>}
      {order && (
        <>
          <div className="row apart">
            <h2>
              Your order <Link href={`/orders/${order.id}`}>{shortId(order.id)}</Link>
            </h2>
            <OrderBadge status={order.status} />
          </div>
          {order.status === "PLACED" && <PaymentForm order={order} />}
          <Timeline order={order} />
        </>
      )}
      {!order && pet.status !== "AVAILABLE" && !busy && <Notice kind="warn">{pet.name} cannot be ordered right now.</Notice>}
      {!order && (pet.status === "AVAILABLE" || busy) && who && (
        <Button kind="primary" busy={busy} onClick={() => void place()}>
          Order {pet.name}
        </Button>
      )}
      {!order && pet.status === "AVAILABLE" && !who && (
        <>
          <Link className="button primary" href={`/sign-in?to=${encodeURIComponent(location)}`}>
            Sign in to order {pet.name}
          </Link>
          <Button onClick={() => void placeAsAlice()}>Order as Alice (demo)</Button>
        </>
      )}
    </section>
  );
}
