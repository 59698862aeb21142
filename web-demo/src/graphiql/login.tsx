import { ToolbarButton } from "@graphiql/react";
import { useState } from "react";
import { signIn, signedInAs, signOut } from "./session";

/** Logs in as a user of the demo store by one click, and out by another. */
export function DemoLogin() {
  const [user, setUser] = useState(signedInAs());
  const [failure, setFailure] = useState("");
  const label = failure || (user ? `Signed in as ${user}: click to sign out` : "Sign in as the demo user alice");
  const toggle = async () => {
    setFailure("");
    if (user) {
      signOut();
      setUser(undefined);
      return;
    }
    try {
      setUser(await signIn("alice", "petstore-demo"));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : "Signing in failed");
    }
  };
  return (
    <ToolbarButton label={label} onClick={() => void toggle()}>
      <svg viewBox="0 0 24 24" className="graphiql-toolbar-icon" fill={user ? "currentColor" : "none"} stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
        <circle cx="12" cy="8" r="4" />
        <path d="M4 21c0-4 3.6-7 8-7s8 3 8 7" />
      </svg>
    </ToolbarButton>
  );
}
