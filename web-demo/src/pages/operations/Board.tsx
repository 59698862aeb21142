import { memo, useState } from "react";
import { Link } from "wouter";
import { isAdmin, useSession } from "../../api/session";
import type { OrderStatus } from "../../api/types";
import { shortId } from "../../live/envelope";
import { Picture } from "../../pets/Picture";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { TextField } from "../../ui/Field";
import { momentOf, price, timeOf } from "../../ui/format";
import { Failed, Loading } from "../../ui/states";
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

function CancelDialog({ row, onClose }: { row: Row; onClose: () => void }) {
  const admin = isAdmin(useSession());
  const [reason, setReason] = useState("");
  const { order } = row;
  const forced = order.status === "SHIPPED" || order.status === "DELIVERED";
  const ready = !forced || reason.trim() !== "";
  return (
    <Dialog open title={`Cancel order ${shortId(order.id)}?`} onClose={onClose}>
      <p>
        {order.pet?.name ?? "The pet"} is free for others again
        {order.status !== "PLACED" && `, and ${price(order.totalAmount, order.currency)} are given back`}. You have five seconds to undo it.
      </p>
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
            onClose();
          }}
        >
          Cancel the order
        </Button>
      </div>
    </Dialog>
  );
}

function Actions({ row, onCancel }: { row: Row; onCancel: () => void }) {
  const admin = isAdmin(useSession());
  const { order, intent } = row;
  if (intent?.undo) {
    return (
      <span className="order-card-actions">
        <span className="small muted">Cancelling…</span>
        <Button compact onClick={intent.undo}>
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
        <Button compact kind="primary" icon="truck" aria-label={`Ship order ${name}`} onClick={() => ship(order)}>
          Ship
        </Button>
      )}
      {order.status === "SHIPPED" && (
        <Button compact kind="primary" icon="home" aria-label={`Deliver order ${name}`} onClick={() => deliver(order)}>
          Deliver
        </Button>
      )}
      {cancellable && (
        <Button compact kind="quiet" icon="close" title="Cancel" aria-label={`Cancel order ${name}`} onClick={onCancel} />
      )}
    </span>
  );
}

const Card = memo(function Card({ row }: { row: Row }) {
  const [asking, setAsking] = useState(false);
  const { order } = row;
  const age = Date.now() - Date.parse(order.updatedAt);
  const recent = age < recentMs;
  const today = age < 86_400_000;
  return (
    <li className={`order-card ${recent ? "flash" : ""}`} data-order={order.id}>
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
      <Actions row={row} onCancel={() => setAsking(true)} />
      {asking && <CancelDialog row={row} onClose={() => setAsking(false)} />}
    </li>
  );
});

function Column({ status, rows, total }: { status: OrderStatus; rows: readonly Row[]; total: number | undefined }) {
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
          <Card key={row.order.id} row={row} />
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

/** Orders by status; they move by themselves. */
export function Board({ totals }: { totals: Partial<Record<OrderStatus, number>> | undefined }) {
  const { board, error, refetch } = useBoard();
  if (error && !board) return <Failed error={error} retry={() => void refetch()} />;
  if (!board) return <Loading lines={4} height="7rem" />;
  return (
    <div className="board" role="region" aria-label="Orders by status" tabIndex={0}>
      {columns.map((status) => (
        <Column key={status} status={status} rows={board.get(status) ?? []} total={totals?.[status]} />
      ))}
    </div>
  );
}
