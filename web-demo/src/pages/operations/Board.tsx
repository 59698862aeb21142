import { memo, useCallback, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { isAdmin, useSession } from "../../api/session";
import type { OrderStatus } from "../../api/types";
import type { CardFragment } from "../../generated/graphql";
import { shortId } from "../../live/envelope";
import { store, useLive } from "../../live/events";
import { Picture } from "../../pets/Picture";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { TextField } from "../../ui/Field";
import { momentOf, price, timeOf } from "../../ui/format";
import { Failed, Loading, Notice } from "../../ui/states";
import { words } from "../../ui/Status";
import { cancel, deliver, ship } from "./intents";
import { columns, useBoard, type Row } from "./useBoard";

const recentMs = 5_000;
/** Shown of a column at first. */
const fewRows = 7;

const headings: Record<OrderStatus, string> = {
  PLACED: "Placed",
  APPROVED: "Paid, to ship",
  SHIPPED: "On the way",
  DELIVERED: "Delivered",
  CANCELLED: "Cancelled",
};

/** Of one order, wherever on the board it moves meanwhile. */
function CancelDialog({ asked, onCancelled, onClose }: { asked: CardFragment; onCancelled: () => void; onClose: () => void }) {
  const admin = isAdmin(useSession());
  const [reason, setReason] = useState("");
  const order = useLive(() => store.newestOrder(asked), [asked]);
  const forced = order.status === "SHIPPED" || order.status === "DELIVERED";
  const late = order.status === "CANCELLED" || (forced && !admin);
  const ready = !late && (!forced || reason.trim() !== "");
  return (
    <Dialog open title={`Cancel order ${shortId(order.id)}?`} onClose={onClose}>
      {late ? (
        <Notice kind="warn">It is {words(order.status).toLowerCase()} by now, and stays so.</Notice>
      ) : (
        <p>
          {order.pet?.name ?? "The pet"} is free for others again
          {order.status !== "PLACED" && `, and ${price(order.totalAmount, order.currency)} are given back`}. You have five seconds to undo it.
        </p>
      )}
      {admin && (
        <TextField label={forced ? "Reason (for the audit log)" : "Reason (may be left out)"} maxLength={500} value={reason} onChange={({ target }) => setReason(target.value)} />
      )}
      <div className="dialog-foot">
        <Button onClick={onClose}>Keep it</Button>
        <Button
          kind="danger"
          disabled={!ready}
          onClick={() => {
            cancel(order, reason.trim());
            onCancelled();
          }}
        >
          Cancel the order
        </Button>
      </div>
    </Dialog>
  );
}

interface Doings {
  onCancel: (order: CardFragment) => void;
  /** Its button goes away with what it did. */
  onDone: (id: string) => void;
}

function Actions({ row, onCancel, onDone }: { row: Row } & Doings) {
  const admin = isAdmin(useSession());
  const { order, intent } = row;
  const does = (what: () => void) => () => {
    what();
    onDone(order.id);
  };
  if (intent?.undo) {
    return (
      <span className="order-card-actions">
        <span className="small muted">Cancelling…</span>
        <Button compact onClick={does(intent.undo)}>
          Undo
        </Button>
      </span>
    );
  }
  if (intent) return <span className="small muted">Saving…</span>;
  const name = shortId(order.id);
  const cancellable = order.status === "PLACED" || order.status === "APPROVED" || (admin && order.status === "SHIPPED");
  if (order.status !== "APPROVED" && order.status !== "SHIPPED" && !cancellable) return null;
  return (
    <span className="order-card-actions">
      {order.status === "PLACED" && <span className="small muted">Waits for payment</span>}
      {order.status === "APPROVED" && (
        <Button compact kind="primary" icon="truck" aria-label={`Ship order ${name}`} onClick={does(() => ship(order))}>
          Ship
        </Button>
      )}
      {order.status === "SHIPPED" && (
        <Button compact kind="primary" icon="home" aria-label={`Deliver order ${name}`} onClick={does(() => deliver(order))}>
          Deliver
        </Button>
      )}
      {cancellable && (
        <Button compact kind="quiet" icon="close" title="Cancel" aria-label={`Cancel order ${name}`} onClick={() => onCancel(order)} />
      )}
    </span>
  );
}

const Card = memo(function Card({ row, ...doings }: { row: Row } & Doings) {
  const { order } = row;
  const age = Date.now() - Date.parse(order.updatedAt);
  const recent = age < recentMs;
  const today = age < 86_400_000;
  return (
    <li className={`order-card ${recent ? "flash" : ""}`} data-order={order.id} tabIndex={-1}>
      <div className="order-card-head">
        <span className="order-card-thumb">{order.pet && <Picture pet={order.pet} />}</span>
        <span className="grow">
          <Link href={`/orders/${order.id}`}>
            <strong>{order.pet?.name ?? shortId(order.id)}</strong>
          </Link>{" "}
          <span className="number small order-card-price">{price(order.totalAmount, order.currency)}</span>
          <span className="muted small order-card-line">
            {order.user?.username ?? (order.userId ? shortId(order.userId) : "anonymous")} · {today ? timeOf(order.updatedAt) : momentOf(order.updatedAt)}
          </span>
        </span>
      </div>
      <Actions row={row} {...doings} />
    </li>
  );
});

function Column({ status, rows, total, ...doings }: { status: OrderStatus; rows: readonly Row[]; total: number | undefined } & Doings) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, fewRows);
  return (
    <section className="board-column" aria-label={words(status)} data-status={status}>
      <h2 className="board-title">
        {headings[status]} <span className="badge number">{total ?? rows.length}</span>
      </h2>
      {rows.length === 0 && <p className="muted small board-empty">None</p>}
      <ul role="list" className="board-list">
        {shown.map((row) => (
          <Card key={row.order.id} row={row} {...doings} />
        ))}
      </ul>
      {rows.length > fewRows && (
        <Button compact kind="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show ${rows.length - fewRows} more`}
        </Button>
      )}
    </section>
  );
}

/** The focus goes with the card whose button did something, until the user takes it elsewhere. */
function useFollow(board: unknown) {
  const region = useRef<HTMLDivElement>(null);
  const followed = useRef<string>(undefined);
  useEffect(() => {
    if (!followed.current || document.activeElement !== document.body) return;
    const card = region.current?.querySelector<HTMLElement>(`[data-order="${followed.current}"]`);
    (card ?? region.current)?.focus();
  }, [board]);
  useEffect(() => {
    const moved = ({ target }: Event): void => {
      const at = target instanceof Element ? target.closest("[data-order]") : null;
      if (at?.getAttribute("data-order") !== followed.current) followed.current = undefined;
    };
    document.addEventListener("pointerdown", moved);
    return () => document.removeEventListener("pointerdown", moved);
  }, []);
  const follow = useCallback((id: string): void => void (followed.current = id), []);
  return { region, follow };
}

/** Orders by status; they move by themselves. */
export function Board({ totals }: { totals: Partial<Record<OrderStatus, number>> | undefined }) {
  const { board, error, refetch } = useBoard();
  const [asked, ask] = useState<CardFragment>();
  const { region, follow } = useFollow(board);
  if (error && !board) return <Failed error={error} retry={() => void refetch()} />;
  if (!board) return <Loading lines={4} height="7rem" />;
  return (
    <>
      <div ref={region} className="board" role="region" aria-label="Orders by status" tabIndex={0}>
        {columns.map((status) => (
          <Column key={status} status={status} rows={board.get(status) ?? []} total={totals?.[status]} onCancel={ask} onDone={follow} />
        ))}
      </div>
      {asked && (
        <CancelDialog
          key={asked.id}
          asked={asked}
          onClose={() => ask(undefined)}
          onCancelled={() => {
            follow(asked.id);
            ask(undefined);
          }}
        />
      )}
    </>
  );
}
