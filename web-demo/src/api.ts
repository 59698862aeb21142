import { describeProblem, isRecord, parseJson, type Problem } from "./envelope";

export type DemoUser = "alice" | "staff";

/** An answer other than 2xx. The message is fit for the page. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface RequestOptions {
  body?: unknown;
  token?: string;
}

async function request<T>(method: string, path: string, { body, token }: RequestOptions): Promise<T> {
  const headers = new Headers({ Accept: "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    answer = parseJson(await response.text());
  } catch {
    throw new ApiError(0, "The server does not answer.");
  }
  if (!response.ok) {
    const problem: Problem = isRecord(answer) ? answer : {};
    throw new ApiError(response.status, describeProblem(problem, `${method} ${path} answered ${response.status}.`));
  }
  return answer as T;
}

const tokens = new Map<DemoUser, string>();

/** Fetches a token of a demo account; it is kept in memory only. */
export async function signIn(user: DemoUser): Promise<string> {
  try {
    const body = { username: user, password: "petstore-demo" };
    const { accessToken } = await request<{ accessToken: string }>("POST", "/v1/auth/tokens", { body });
    tokens.set(user, accessToken);
    return accessToken;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    throw new ApiError(
      401,
      `This store has no demo account “${user}”. The demo accounts come with the demo seed: petstore serve --seed demo`,
    );
  }
}

/** Calls the REST API as a demo account; an expired token is replaced once. */
export async function callAs<T>(user: DemoUser, method: string, path: string, body?: unknown): Promise<T> {
  const known = tokens.get(user);
  try {
    return await request<T>(method, path, { body, token: known ?? (await signIn(user)) });
  } catch (error) {
    if (!(known && error instanceof ApiError && error.status === 401)) throw error;
    return request<T>(method, path, { body, token: await signIn(user) });
  }
}
