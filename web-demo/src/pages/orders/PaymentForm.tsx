import { useRef, useState, type FormEvent } from "react";
import { api, idempotencyKey, take } from "../../api/client";
import { messageOf, Refused } from "../../api/problem";
import type { Order } from "../../api/types";
import { queries } from "../../app/queries";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { price } from "../../ui/format";
import { Notice } from "../../ui/states";

const testCards = [
  { label: "Succeeds", number: "4242 4242 4242 4242" },
  { label: "Declined", number: "4000 0000 0000 0002" },
  { label: "No funds", number: "4000 0000 0000 9995" },
] as const;

interface Typed {
  name: string;
  number: string;
  expiry: string;
  cvc: string;
}

const nextYear = new Date().getFullYear() + 2;
const filled: Typed = { name: "Alice Nguyen", number: testCards[0].number, expiry: `12/${nextYear}`, cvc: "123" };

/** MM/YYYY, or MM/YY, as two numbers; what is no number is left to the server to refuse. */
function expiry(text: string): { expMonth: number; expYear: number } {
  const [month, year] = text.split("/").map((part) => Number(part.trim()));
  return { expMonth: month || 0, expYear: year !== undefined && year < 100 ? 2000 + year : (year ?? 0) };
}

/** Pays an order with a card; what is wrong is said at the field that it is about. */
export function PaymentForm({ order }: { order: Pick<Order, "id" | "totalAmount" | "currency"> }) {
  const [typed, setTyped] = useState<Typed>(filled);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const key = useRef(idempotencyKey());
  const fields = error instanceof Refused ? error.fields : new Map<string, string>();
  const at = (...names: string[]) => names.map((name) => fields.get(name)).find(Boolean);
  const set = (name: keyof Typed) => ({
    value: typed[name],
    onChange: ({ target }: { target: HTMLInputElement }) => setTyped({ ...typed, [name]: target.value }),
  });

  const pay = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    const source = { object: "card" as const, name: typed.name, number: typed.number, cvc: typed.cvc, ...expiry(typed.expiry) };
    const body = { amount: order.totalAmount, currency: order.currency, source };
    const options = { params: { path: { id: order.id } }, body, headers: { "Idempotency-Key": key.current } };
    try {
      await take(api.POST("/v1/orders/{id}/payment", options));
      key.current = idempotencyKey();
    } catch (failure) {
      setError(failure);
      // After a lost answer the same key asks again: nobody pays twice.
      if (failure instanceof Refused) key.current = idempotencyKey();
    }
    void queries.invalidateQueries({ queryKey: ["order", order.id] });
    setBusy(false);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!busy) void pay();
  };
  const general = error && fields.size === 0 ? messageOf(error) : at("amount", "currency", "source");

  return (
    <form className="stack payment" aria-label="Pay" onSubmit={submit} noValidate>
      <div className="row" role="group" aria-label="Test cards">
        <span className="small muted">Test cards:</span>
        {testCards.map(({ label, number }) => (
          <Button key={number} compact aria-pressed={typed.number === number} onClick={() => setTyped({ ...typed, number })}>
            {label}
          </Button>
        ))}
      </div>
      {general && <Notice kind="bad">{general}</Notice>}
      <TextField label="Card number" inputMode="numeric" autoComplete="cc-number" error={at("source.number")} {...set("number")} />
      <TextField label="Name on the card" autoComplete="cc-name" error={at("source.name", "source.cardholderName")} {...set("name")} />
      <div className="pair">
        <TextField label="Expires (MM/YYYY)" autoComplete="cc-exp" error={at("source.expMonth", "source.expYear")} {...set("expiry")} />
        <TextField label="Security code" inputMode="numeric" autoComplete="cc-csc" error={at("source.cvc")} {...set("cvc")} />
      </div>
      <Button kind="primary" icon="card" type="submit" busy={busy}>
        Pay {price(order.totalAmount, order.currency)}
      </Button>
    </form>
  );
}
