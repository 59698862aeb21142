import { lazy, Suspense } from "react";
import { messageOf } from "../../api/problem";
import type { Inventory } from "../../api/types";
import { Button } from "../../ui/Button";
import { count, price } from "../../ui/format";
import { Notice } from "../../ui/states";
import { words } from "../../ui/Status";
import { useInventory, useMinutes, useStats, type useTotals } from "./useNumbers";

const Chart = lazy(() => import("./Chart"));

function Tile({ label, value, hint }: { label: string; value: string | undefined; hint?: string | undefined }) {
  return (
    <div className="card tile">
      <dt className="muted small">{label}</dt>
      <dd>
        <span className="tile-value number">{value ?? "–"}</span>
        <span className="muted small tile-hint">{hint ?? " "}</span>
      </dd>
    </div>
  );
}

const parts = [
  { key: "available", label: "Available", tone: "good" },
  { key: "pending", label: "Pending", tone: "warn" },
  { key: "adopted", label: "Adopted", tone: "violet" },
  { key: "notAvailable", label: "Not available", tone: "none" },
] as const;

function Species({ inventory }: { inventory: Inventory | undefined }) {
  const rows = Object.entries(inventory?.bySpecies ?? {});
  const most = Math.max(1, ...rows.map(([, counts]) => counts.total));
  return (
    <>
      <div className="row legend small muted" aria-hidden="true">
        {parts.map(({ key, label, tone }) => (
          <span key={key} className="row">
            <span className={`swatch ${tone}`} />
            {label}
          </span>
        ))}
      </div>
      <ul role="list" className="species">
        {rows.map(([species, counts]) => (
          <li key={species}>
            <span className="small">{words(species)}</span>
            <span className="bar-track" role="img" aria-label={parts.map(({ key, label }) => `${label} ${counts[key]}`).join(", ")}>
              {parts.map(({ key, tone }) => (
                <span key={key} className={`bar-part ${tone}`} style={{ width: `${(100 * counts[key]) / most}%` }} />
              ))}
            </span>
            <span className="small number">{count(counts.available)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const usd = (amount: number): string => price(amount.toFixed(2), "USD");

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

export function Numbers({ totals: counted }: { totals: ReturnType<typeof useTotals> }) {
  const queries = { minutes: useMinutes(), totals: counted, stats: useStats(), inventory: useInventory() };
  const [minutes, totals, stats, inventory] = [queries.minutes.data, counted.data, queries.stats.data, queries.inventory.data];
  const failed = Object.values(queries).filter(({ error, data }) => error && !data);
  const placed = minutes && sum(minutes.orders);
  const taken = minutes && sum(minutes.revenue);
  const more = minutes?.cut ? "+" : "";
  const open = stats?.liveConnections ? sum(Object.values(stats.liveConnections)) : undefined;
  const net = stats?.revenue.USD?.net;
  return (
    <>
      {failed[0] && (
        <Notice kind="bad">
          <div className="row apart">
            <span>Some numbers could not be loaded. {messageOf(failed[0].error)}</span>
            <Button compact icon="refresh" onClick={() => failed.forEach(({ refetch }) => void refetch())}>
              Try again
            </Button>
          </div>
        </Notice>
      )}
      <dl className="tiles" aria-label="Counters">
        <Tile label="Orders in 30 minutes" value={placed === undefined ? undefined : count(placed) + more} hint={minutes && `${minutes.orders.at(-1) ?? 0} in this minute`} />
        <Tile label="Revenue in 30 minutes" value={taken === undefined ? undefined : usd(taken) + more} hint={net ? `${price(net, "USD")} of all time` : "of orders that are paid"} />
        <Tile label="To ship" value={totals && count(totals.APPROVED ?? 0)} hint={totals && `${count(totals.PLACED ?? 0)} wait for payment`} />
        <Tile label="On the way" value={totals && count(totals.SHIPPED ?? 0)} hint={totals && `${count(totals.DELIVERED ?? 0)} delivered`} />
        <Tile label="Available pets" value={inventory && count(inventory.available)} hint={inventory && `${count(inventory.adopted)} adopted`} />
        {queries.stats.isEnabled && <Tile label="Live connections" value={open === undefined ? undefined : count(open)} hint={stats && `${count(stats.users.total)} users`} />}
      </dl>
      <div className="charts">
        <section className="card" aria-label="Orders per minute">
          <h2>Orders per minute</h2>
          <Suspense fallback={<div className="chart" />}>
            {minutes ? <Chart kind="bars" tone="--accent" label={`Orders in each of the last 30 minutes: ${placed}${more} together`} starts={minutes.starts} values={minutes.orders} /> : <div className="chart" />}
          </Suspense>
        </section>
        <section className="card" aria-label="Revenue per minute">
          <h2>Revenue per minute, USD</h2>
          <Suspense fallback={<div className="chart" />}>
            {minutes ? <Chart kind="line" tone="--violet" label={`Revenue of the orders of the last 30 minutes: ${usd(taken ?? 0)}${more} together`} starts={minutes.starts} values={minutes.revenue} /> : <div className="chart" />}
          </Suspense>
        </section>
        <section className="card" aria-label="Inventory by species">
          <h2>Inventory by species</h2>
          <Species inventory={inventory} />
        </section>
      </div>
      {minutes?.cut && <p className="muted small">There were more orders than are counted here; the numbers with a + are of the newest of them.</p>}
    </>
  );
}
