import "./lab.css";

import { memo, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { isStaff, useSession } from "../../api/session";
import { summarize } from "../../live/envelope";
import { topicsOf } from "../../live/feed";
import { TrafficControls } from "../../traffic/TrafficControls";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { timeOf } from "../../ui/format";
import { Empty } from "../../ui/states";
import { Tabs } from "../../ui/Tabs";
import { channelLabels, channelNames, Lab, type ChannelName, type Row } from "./channels";
import { PaneCard } from "./PaneCard";
import { StaffNotice } from "./StaffNotice";
import { languages, snippets, type Language } from "./snippets";
import { forgetWebhook } from "./webhook";
import { useTitle } from "../../app/title";

const EventRow = memo(function EventRow({ row }: { row: Row }) {
  const { envelope, arrivals } = row;
  return (
    <tr role="row" data-event={envelope.eventId}>
      <td role="cell" className="number muted">{timeOf(envelope.timestamp)}</td>
      <th role="rowheader" scope="row" className="event-cell">
        <span className="event-type">{envelope.eventType}</span> <span className="muted">{summarize(envelope)}</span>
      </th>
      {channelNames.map((name) => {
        const latency = arrivals[name];
        return (
          <td key={name} role="cell" className="tick number" data-arrived={latency !== undefined || undefined}>
            {latency === undefined ? <span className="muted">·</span> : `${Math.round(latency)} ms`}
          </td>
        );
      })}
    </tr>
  );
});

function Events({ rows }: { rows: readonly Row[] }) {
  if (rows.length === 0) {
    return (
      <Empty icon="lab" title="Nothing has happened yet">
        <span>Start the traffic, or change anything through any protocol: each event stands here once, with when each channel had it.</span>
      </Empty>
    );
  }
  return (
    <div className="table-wrap lab-events" tabIndex={0} role="region" aria-label="Events, newest first">
      <table role="table" className="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Time</th>
            <th role="columnheader" scope="col">Event</th>
            {channelNames.map((name) => (
              <th key={name} role="columnheader" scope="col" className="tick">
                {channelLabels[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <EventRow key={row.envelope.eventId} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Snippets() {
  const [name, setName] = useState<ChannelName>("sse");
  const [language, setLanguage] = useState<Language>("curl");
  const text = snippets(location.origin)[name][language];
  return (
    <section className="card stack" aria-labelledby="code-title">
      <div className="row apart">
        <h2 id="code-title">The code of it</h2>
        <div className="row" role="group" aria-label="Language">
          {languages.map((one) => (
            <Button key={one} compact kind={one === language ? "primary" : "plain"} aria-pressed={one === language} onClick={() => setLanguage(one)}>
              {one}
            </Button>
          ))}
        </div>
      </div>
      <Tabs label="Protocol" tabs={channelNames.map((key) => ({ key, label: channelLabels[key] }))} current={name} onChange={setName}>
        <Code text={text} what={`${channelLabels[name]} in ${language}`} />
      </Tabs>
    </section>
  );
}

/** The connections of this page: they begin with it, and end with it. */
function useLab() {
  const who = useSession();
  const lab = useMemo(() => new Lab(), []);
  const userId = who?.user.id;
  const token = who?.expired ? undefined : who?.accessToken;
  const given = useRef(token);
  useEffect(() => {
    given.current = token;
    lab.clear();
    // What befalls endpoints is left out: a test is sent to one endpoint alone.
    lab.reopen(topicsOf(who).filter((topic) => topic !== "endpoints"), token);
    const forget = (): void => void forgetWebhook();
    window.addEventListener("pagehide", forget);
    return () => {
      window.removeEventListener("pagehide", forget);
      lab.close();
      forget();
    };
    // Another user is another lab; a newer token of the same one is below.
  }, [lab, userId]);
  useEffect(() => {
    if (!token || token === given.current) return;
    given.current = token;
    lab.renew(token);
  }, [lab, token]);
  return { lab, ...useSyncExternalStore(lab.watch, lab.snapshot) };
}

export default function LabPage() {
  useTitle("Protocol lab");
  const who = useSession();
  const { lab, rows, panes } = useLab();
  return (
    <div className="stack">
      <div className="page-head">
        <div>
          <h1>Protocol lab</h1>
          <p>The same event, by its id, on five channels. Cut one, let things happen, resume: it gets all that it missed, in order.</p>
        </div>
        <Button onClick={() => lab.clear()}>Clear</Button>
      </div>
      {!isStaff(who) && <StaffNotice who={who?.user.username} />}
      <TrafficControls />
      <div className="panes">
        {channelNames.map((name) => (
          <PaneCard key={name} lab={lab} name={name} pane={panes[name]} />
        ))}
      </div>
      <Events rows={rows} />
      <Snippets />
    </div>
  );
}
