import { signIn, type DemoUser } from "./api";
import { Channel, type Connect, type Start, type State } from "./channels/channel";
import { connectGraphql } from "./channels/graphql";
import { connectSocketIo } from "./channels/socketio";
import { connectSse } from "./channels/sse";
import { connectWebSocket } from "./channels/websocket";
import { setUpRequests } from "./copy";
import { LiveList } from "./live-list";
import { tell, type Chapter, type Step } from "./story";

function find<T extends Element>(selector: string, within: ParentNode = document): T {
  const element = within.querySelector<T>(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return element;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// The live list

const publicTopics = ["pets", "inventory"];
const privateTopics = ["orders", "payments"];
/** In the order of the columns of the list. */
const protocols: [name: string, connect: Connect][] = [
  ["sse", connectSse],
  ["websocket", connectWebSocket],
  ["socketio", connectSocketIo],
  ["graphql", connectGraphql],
];

const list = new LiveList(find("#events"), find("#event-row"), find("#events-empty"));
const start: Start = { cursor: undefined };
const joined = protocols.map(() => false);
const channels = protocols.map(([name, connect], column) => {
  const item = find<HTMLElement>(`[data-channel="${name}"]`);
  const button = find<HTMLButtonElement>("button", item);
  const channel: Channel = new Channel(connect, start, {
    event: (envelope) => list.receive(column, envelope, joined),
    state: (state) => {
      if (state.kind === "live") joined[column] = true;
      showState(item, button, state);
    },
  });
  button.addEventListener("click", () => (isStopped(channel.state) ? channel.resume() : channel.cut()));
  return channel;
});

function isStopped({ kind }: State): boolean {
  return kind === "cut" || kind === "refused";
}

function describe(state: State): string {
  switch (state.kind) {
    case "waiting":
      return `${state.reason}; next try in ${Math.ceil(state.delayMs / 1000)} s`;
    case "refused":
      return `refused: ${state.reason}`;
    case "connecting":
      return "connecting…";
    default:
      return state.kind;
  }
}

function showState(item: HTMLElement, button: HTMLButtonElement, state: State): void {
  const name = find("strong", item).textContent ?? "";
  const label = find<HTMLElement>(".state", item);
  item.dataset.kind = state.kind;
  label.textContent = describe(state);
  label.title = describe(state);
  button.textContent = isStopped(state) ? "Resume" : "Cut";
  button.ariaLabel = `${button.textContent} ${name}`;
}

/** Resolves when no channel is still connecting, so that the first events of a story find them all. */
async function channelsSettled(patienceMs = 2_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (channels.some(({ state }) => state.kind === "connecting") && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// Who is listening

let viewer: DemoUser | undefined;
const identityText = {
  alice: "Signed in as alice: the list also shows her orders and payments.",
  staff: "Signed in as staff: the list also shows everyone's orders and payments.",
  nobody: "Nobody is signed in: the list shows pets and inventory.",
};

async function listenAs(user: DemoUser | undefined): Promise<void> {
  const token = user && (await signIn(user));
  // What one identity has seen is not for the next one's eyes.
  if (viewer && viewer !== user) list.clear();
  viewer = user;
  const topics = user ? [...privateTopics, ...publicTopics] : publicTopics;
  for (const channel of channels) channel.open(topics, token);
  find("#identity").textContent = identityText[user ?? "nobody"];
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-sign-in]")) {
    button.ariaPressed = String(button.dataset.signIn === user);
  }
  find<HTMLButtonElement>("[data-sign-out]").disabled = !user;
}

async function changeIdentity(user: DemoUser | undefined): Promise<void> {
  const problem = find("#identity-error");
  problem.textContent = "";
  try {
    await listenAs(user);
  } catch (error) {
    problem.textContent = messageOf(error);
  }
}

for (const user of ["alice", "staff"] as const) {
  find(`[data-sign-in="${user}"]`).addEventListener("click", () => void changeIdentity(user));
}
find("[data-sign-out]").addEventListener("click", () => {
  find<HTMLElement>('[data-sign-in="alice"]').focus();
  void changeIdentity(undefined);
});

// The story: order, pay, ship, deliver

const stepNames: Step[] = ["order", "pay", "ship", "deliver"];
const steps = stepNames.map((name) => find<HTMLButtonElement>(`[data-step="${name}"]`));
const status = find<HTMLElement>("#story-status");
let chapter: Chapter | undefined;

/** `next` is the step that follows; a new order may begin at any time. */
function showSteps(next: number, busy: boolean): void {
  steps.forEach((button, index) => {
    button.disabled = busy || (index !== 0 && index !== next);
    button.toggleAttribute("data-done", index < next);
  });
}

async function play(step: Step, index: number): Promise<void> {
  showSteps(index, true);
  status.textContent = "Working…";
  delete status.dataset.failed;
  let next = index;
  try {
    // Orders are private: somebody must be signed in to see them move.
    if (!viewer) await listenAs("alice");
    await channelsSettled();
    chapter = await tell(step, chapter);
    status.textContent = chapter.text;
    next = index + 1;
  } catch (error) {
    status.textContent = messageOf(error);
    status.dataset.failed = "";
  }
  showSteps(next, false);
  // A disabled button loses the focus; hand it on, so that Enter drives the whole story.
  if (document.activeElement === document.body) steps[next % steps.length]?.focus();
}

stepNames.forEach((step, index) => steps[index]?.addEventListener("click", () => void play(step, index)));

setUpRequests();
void changeIdentity(undefined);
