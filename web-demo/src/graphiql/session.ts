/** The login of the page. A tab that has an Authorization header of its own goes by that. */
let session: { user: string; token: string } | undefined;

/** The name of who is signed in. */
export const signedInAs = (): string | undefined => session?.user;

/** The header of who is signed in. */
export const authorization = (): string | undefined => (session ? `Bearer ${session.token}` : undefined);

export const signOut = (): void => {
  session = undefined;
};

const LOGIN = `mutation ($username: String!, $password: String!) {
  createToken(input: { username: $username, password: $password }) {
    token { accessToken user { username } }
    userErrors { message }
  }
}`;

/** Signs in; resolves to the user's name. */
export async function signIn(username: string, password: string): Promise<string> {
  const response = await fetch("/v1/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query: LOGIN, variables: { username, password } }),
  });
  const answer = (await response.json()) as {
    data?: { createToken?: { token?: { accessToken: string; user: { username: string } } } };
    errors?: { message: string }[];
  };
  const token = answer.data?.createToken?.token;
  if (!token) throw new Error(answer.errors?.[0]?.message ?? "This store has no demo users");
  session = { user: token.user.username, token: token.accessToken };
  return session.user;
}
