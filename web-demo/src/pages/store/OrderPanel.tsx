import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { api, idempotencyKey, take } from "../../api/client";
import { useDemo } from "../../api/demo";
import { messageOf, Refused } from "../../api/problem";
import { demoPassword, signIn, useSession } from "../../api/session";
import type { Order, Pet } from "../../api/types";
import { queries } from "../../app/queries";
import { store, useLive } from "../../live/events";
import { Button } from "../../ui/Button";
import { shortId } from "../../live/envelope";
import { Loading, Notice } from "../../ui/states";
import { OrderBadge } from "../../ui/Status";
import { PaymentForm } from "../orders/PaymentForm";
import { Timeline } from "../orders/Timeline";
import { useSignInHref } from "../sign-in/href";

/** The newest order that this user has for this pet. */
function useOwnOrder(pet: Pet, userId: string | undefined): { order: Order | undefined; isLoading: boolean } {
  const { data, isLoading } = useQuery({
    queryKey: ["orders", "of-pet", pet.id, userId],
    enabled: userId !== undefined,
    queryFn: ({ signal }) =>
      take(api.GET("/v1/orders", { params: { query: { petId: pet.id, userId: userId ?? "", limit: 1 } }, signal })),
  });
  const order = useLive(() => {
    const read = data?.data[0];
    const heard = [...store.orders()].filter((order) => order.petId === pet.id && order.userId === userId);
    const newest = [...heard, ...(read ? [store.newestOrder(read)] : [])].sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
    return newest?.status === "CANCELLED" ? undefined : newest;
  }, [data, pet.id, userId]);
  return { order, isLoading };
}

function whyNot(error: unknown, pet: Pet): string {
  if (error instanceof Refused && error.status === 409) return `Somebody was faster: ${pet.name} is not available any more.`;
  return messageOf(error);
}

export function OrderPanel({ pet }: { pet: Pet }) {
  const who = useSession();
  const signInHref = useSignInHref();
  const demo = useDemo(!who);
  const { order, isLoading } = useOwnOrder(pet, who?.user.id);
  const heading = useRef<HTMLHeadingElement>(null);
  const placed = useRef(false);
  // The button that had the focus is gone: it goes on with what came in its place.
  useEffect(() => {
    if (order && placed.current) heading.current?.focus();
    placed.current = false;
  }, [order?.id]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  // The same key until it is answered: a second try after a lost answer does not order twice.
  const key = useRef(idempotencyKey());

  const place = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const body = { petId: pet.id };
      placed.current = true;
      store.learn(await take(api.POST("/v1/orders", { body, headers: { "Idempotency-Key": key.current } })));
      void queries.invalidateQueries({ queryKey: ["orders"] });
      key.current = idempotencyKey();
    } catch (error) {
      placed.current = false;
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
            <h2 ref={heading} tabIndex={-1}>
              Your order <Link href={`/orders/${order.id}`}>{shortId(order.id)}</Link>
            </h2>
            <OrderBadge status={order.status} />
          </div>
          {order.status === "PLACED" && <PaymentForm order={order} />}
          <Timeline order={order} />
        </>
      )}
      {!order && isLoading && <Loading lines={1} />}
      {!order && !isLoading && pet.status !== "AVAILABLE" && !busy && <Notice kind="warn">{pet.name} cannot be ordered right now.</Notice>}
      {!order && !isLoading && (pet.status === "AVAILABLE" || busy) && who && (
        <Button kind="primary" className="named" busy={busy} onClick={() => void place()}>
          Order {pet.name}
        </Button>
      )}
      {!order && pet.status === "AVAILABLE" && !who && (
        <>
          <Link className="button primary named" href={signInHref}>
            Sign in to order {pet.name}
          </Link>
          {demo && <Button onClick={() => void placeAsAlice()}>Order as Alice (demo)</Button>}
        </>
      )}
    </section>
  );
}
