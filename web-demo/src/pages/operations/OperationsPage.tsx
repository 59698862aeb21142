import "./operations.css";

import { lazy, Suspense } from "react";
import { useSearchParams } from "wouter";
import { isAdmin, isStaff, useSession } from "../../api/session";
import { TrafficControls } from "../../traffic/TrafficControls";
import { Loading } from "../../ui/states";
import { Tabs } from "../../ui/Tabs";
import { NeedsSignIn } from "../sign-in/NeedsSignIn";
import { Board } from "./Board";
import { Numbers } from "./Numbers";
import { useTotals } from "./useNumbers";
import { useTitle } from "../../app/title";

const Users = lazy(() => import("./Users"));
const Audit = lazy(() => import("./Audit"));

const tabs = [
  { key: "board", label: "Board" },
  { key: "users", label: "Users" },
  { key: "audit", label: "Audit log" },
] as const;

type Tab = (typeof tabs)[number]["key"];

function Floor() {
  const totals = useTotals();
  return (
    <div className="stack panel">
      <TrafficControls />
      <Numbers totals={totals} />
      <Board totals={totals.data} />
    </div>
  );
}

function ForAdmins({ tab }: { tab: Exclude<Tab, "board"> }) {
  if (!isAdmin(useSession())) return <NeedsSignIn title="This is for administrators" as="admin" />;
  return <Suspense fallback={<Loading lines={6} />}>{tab === "users" ? <Users /> : <Audit />}</Suspense>;
}

export default function OperationsPage() {
  useTitle("Operations");
  const who = useSession();
  const [params, setParams] = useSearchParams();
  const tab = tabs.find(({ key }) => key === params.get("tab"))?.key ?? "board";
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Operations</h1>
          <p>The shop floor, live: whatever anyone does through any protocol moves here by itself.</p>
        </div>
      </div>
      {!isStaff(who) && <NeedsSignIn title="This is where the staff work" as="staff" />}
      {isStaff(who) && (
        <Tabs label="Operations" tabs={tabs} current={tab} onChange={(key) => setParams(key === "board" ? {} : { tab: key })}>
          {tab === "board" ? <Floor /> : <ForAdmins tab={tab} />}
        </Tabs>
      )}
    </>
  );
}
