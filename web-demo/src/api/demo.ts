import { useQuery } from "@tanstack/react-query";
import { oauthClientId } from "./session";

/** The authorization server knows this page as its client in a demo store alone. */
async function isDemo(): Promise<boolean> {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: oauthClientId,
    redirect_uri: "http://127.0.0.1/sign-in/callback",
    scope: "read:pets",
    state: "demo",
    code_challenge: "0".repeat(43),
    code_challenge_method: "S256",
  });
  const { status } = await fetch(`/oauth/authorize?${query}`, { credentials: "omit" });
  return status < 400 || status >= 500;
}

/** Whether the demo accounts are there; they are, until the server says otherwise. */
export function useDemo(asked = true): boolean {
  return useQuery({ queryKey: ["demo"], queryFn: isDemo, enabled: asked, staleTime: Infinity }).data ?? true;
}
