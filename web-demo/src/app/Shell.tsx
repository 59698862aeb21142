import { useEffect, useRef, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { signOut, useSession } from "../api/session";
import { useValue } from "../api/value-store";
import iconUrl from "../icon.svg";
import { reconnect, useConnection } from "../live/feed";
import { useSignInHref } from "../pages/sign-in/href";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { setRunning, traffic } from "../traffic/simulator";
import { isDark, theme, toggleTheme } from "./theme";

const places: readonly { path: string; label: string; icon: IconName }[] = [
  { path: "/", label: "Store", icon: "store" },
  { path: "/orders", label: "Orders", icon: "orders" },
  { path: "/operations", label: "Operations", icon: "chart" },
  { path: "/lab", label: "Lab", icon: "lab" },
  { path: "/webhooks", label: "Webhooks", icon: "webhook" },
  { path: "/chat", label: "Chat", icon: "chat" },
];

function isAt(location: string, path: string): boolean {
  if (path === "/") return location === "/" || location.startsWith("/pets");
  return location === path || location.startsWith(`${path}/`);
}

function Places({ className }: { className: string }) {
  const [location] = useLocation();
  return (
    <nav className={className} aria-label="Pages">
      {places.map(({ path, label, icon }) => (
        <Link key={path} href={path} aria-current={isAt(location, path) ? "page" : undefined}>
          <Icon name={icon} />
          <span>{label}</span>
        </Link>
      ))}
    </nav>
  );
}

const stateWords = { live: "Live", connecting: "Connecting…", waiting: "Reconnecting…", cut: "Cut", refused: "Not connected" };
const stateTones = { live: "good", connecting: "warn", waiting: "bad", cut: "", refused: "bad" };

function ConnectionState() {
  const { kind } = useConnection();
  return (
    <span className="connection" role="status" data-state={kind} title="The live connection of this page">
      <span className={`dot ${stateTones[kind]}`} />
      <span className="connection-word">{stateWords[kind]}</span>
    </span>
  );
}

/** The server is gone: said once, for all pages, until it is back. */
function OutageBanner() {
  const state = useConnection();
  if (state.kind !== "waiting") return null;
  return (
    <div className="outage" role="alert">
      <Icon name="alert" />
      <span className="grow">
        No live connection ({state.reason}). What you see may be old; it goes on by itself, nothing is lost.
      </span>
      <Button compact icon="refresh" onClick={reconnect}>
        Try now
      </Button>
    </div>
  );
}

function Account() {
  const who = useSession();
  const [, navigate] = useLocation();
  const href = useSignInHref();
  if (!who) {
    return (
      <Link className="button compact primary" href={href}>
        Sign in
      </Link>
    );
  }
  return (
    <div className="account">
      <span className="account-name">
        <Icon name="user" />
        <span>{who.user.username}</span>
      </span>
      <Button
        compact
        kind="quiet"
        icon="out"
        aria-label="Sign out"
        onClick={() => {
          void signOut().then(() => navigate("/"));
        }}
      />
    </div>
  );
}

/** Made-up customers go on on every page: here they are seen, and stopped. */
function Traffic() {
  const { running, rate } = useValue(traffic);
  if (!running) return null;
  return (
    <Button compact icon="pause" className="traffic-mark" aria-label="Stop the traffic" title={`Simulated traffic, ${rate} orders a second`} onClick={() => setRunning(false)} />
  );
}

function ThemeSwitch() {
  useValue(theme);
  const dark = isDark();
  return <Button compact kind="quiet" icon={dark ? "sun" : "moon"} aria-label={dark ? "Light colours" : "Dark colours"} onClick={toggleTheme} />;
}

export function Shell({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    // Another page begins at its top, for eyes and for screen readers.
    if (!first.current) {
      window.scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [location]);
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <Link className="brand" href="/">
          <img src={iconUrl} alt="" width="28" height="28" />
          <span>Petstore Live</span>
        </Link>
        <Places className="places" />
        <div className="bar-end">
          <Traffic />
          <ConnectionState />
          <ThemeSwitch />
          <Account />
        </div>
      </header>
      <OutageBanner />
      <main id="content" ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer className="foot">
        <span>Everything on this page comes from this server.</span>
        <span className="row">
          <a href="/docs">API reference</a>
          <a href="/v1/graphql">GraphiQL</a>
          <a href="/v1/asyncapi.json">AsyncAPI</a>
          <a href="/metrics">Metrics</a>
        </span>
      </footer>
      <Places className="bottom-places" />
    </>
  );
}
