import type { State } from "../../live/channel";
import { Button } from "../../ui/Button";
import { channelLabels, type ChannelName, type Lab, type Pane } from "./channels";

const tones = { live: "good", connecting: "warn", waiting: "bad", cut: "", refused: "bad" };

function describe(state: State): string {
  switch (state.kind) {
    case "waiting":
      return `${state.reason}; again in ${Math.ceil(state.delayMs / 1000)} s`;
    case "refused":
      return state.reason;
    default:
      return { live: "live", connecting: "connecting…", cut: "cut" }[state.kind];
  }
}

export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

interface Props {
  lab: Lab;
  name: ChannelName;
  pane: Pane;
}

export function PaneCard({ lab, name, pane }: Props) {
  const label = channelLabels[name];
  const down = pane.state.kind === "cut" || pane.state.kind === "refused";
  const latency = median(pane.latencies);
  return (
    <section className="card pane" aria-label={label} data-channel={name} data-state={pane.state.kind}>
      <div className="row apart">
        <h2>{label}</h2>
        <span className="row small muted pane-state" role="status">
          <span className={`dot ${tones[pane.state.kind]}`} />
          {describe(pane.state)}
        </span>
      </div>
      <dl className="pane-numbers number">
        <div>
          <dt>Events</dt>
          <dd data-count={pane.received}>{pane.received}</dd>
        </div>
        <div>
          <dt>Latency</dt>
          <dd>{latency === undefined ? "–" : `${Math.round(latency)} ms`}</dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd>{pane.backlog}</dd>
        </div>
        <div>
          <dt>Again</dt>
          <dd>{pane.repeated}</dd>
        </div>
      </dl>
      <div className="row">
        {down ? (
          <Button compact kind="primary" icon="plug" aria-label={`Resume ${label}`} onClick={() => lab.resume(name)}>
            Resume
          </Button>
        ) : (
          <Button compact icon="plug" aria-label={`Cut ${label}`} onClick={() => lab.cut(name)}>
            Cut
          </Button>
        )}
        <Button compact aria-label={`${pane.slow ? "At full speed" : "Go slow"}: ${label}`} title="Take one event a second; the others wait" onClick={() => lab.slow(name, !pane.slow)}>
          {pane.slow ? "At full speed" : "Go slow"}
        </Button>
      </div>
      <details className="frames">
        <summary className="small">Raw frames</summary>
        {pane.frames.length === 0 && <p className="muted small">None yet.</p>}
        <ol role="list" tabIndex={0} aria-label={`Raw frames of ${label}`}>
          {pane.frames.map(({ key, way, text }) => (
            <li key={key}>
              <span className="badge">{way === "in" ? "in" : "out"}</span>
              <pre>{text}</pre>
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
