import "./traffic.css";

import { useId, useState } from "react";
import { useDemo } from "../api/demo";
import { useValue } from "../api/value-store";
import { Button } from "../ui/Button";
import { tellError } from "../ui/toasts";
import { playOrder, rates, setRate, setRunning, traffic } from "./simulator";

/** Starts and stops made-up customers, and says how fast they are. */
export function TrafficControls() {
  const { running, rate, placed, error } = useValue(traffic);
  const [busy, setBusy] = useState(false);
  const demo = useDemo();
  const id = useId();
  const one = async (): Promise<void> => {
    setBusy(true);
    await playOrder().catch(tellError);
    setBusy(false);
  };
  if (!demo) return null;
  return (
    <section className="card traffic" aria-label="Traffic">
      <Button kind={running ? "plain" : "primary"} icon={running ? "pause" : "play"} onClick={() => setRunning(!running)}>
        {running ? "Stop the traffic" : "Simulate traffic"}
      </Button>
      <Button busy={busy} onClick={() => void one()}>
        One order
      </Button>
      <div className="traffic-rate">
        <label htmlFor={id} className="small">
          Rate
        </label>
        <input id={id} type="range" min={rates.least} max={rates.most} step={rates.step} value={rate} onChange={({ target }) => setRate(Number(target.value))} />
        <output htmlFor={id} className="small number">
          {rate}/s
        </output>
      </div>
      <span className="small muted number" role="status">
        {error ? `Last problem: ${error}` : placed > 0 ? `${placed} ${placed === 1 ? "order" : "orders"} placed` : "Alice orders, pays and sometimes cancels; staff ship and deliver."}
      </span>
    </section>
  );
}
