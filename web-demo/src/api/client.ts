import createClient from "openapi-fetch";
import type { paths } from "../generated/rest";
import { parseJson } from "../live/envelope";
import { problemOf, Refused, Unreachable } from "./problem";
import { refresh, session } from "./session";

function withToken(request: Request): Request {
  const token = session.get()?.accessToken;
  if (token && !request.headers.has("Authorization")) request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

/** Sends as the signed-in user; an expired token is renewed once, and the request sent again. */
export async function send(request: Request): Promise<Response> {
  const own = request.headers.has("Authorization");
  const again = request.clone();
  const response = await reach(withToken(request));
  if (response.status !== 401 || own || !session.get()) return response;
  return (await refresh()) ? reach(withToken(again)) : response;
}

/** The REST API, typed by its OpenAPI document. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer. */
export async function take<T>(answering: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answering;
  if (!response.ok) throw new Refused(response.status, problemOf(typeof error === "string" ? parseJson(error) : error));
  return data as T;
}

/** A key for requests that must be done once, however often they are sent. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
