import { summarize, type Envelope } from "./envelope";

interface Row {
  element: HTMLTableRowElement;
  cells: HTMLTableCellElement[];
  firstAtMs: number;
}

const maxRows = 100;
// Ids outlive their rows, so that a channel which lags behind does not bring an old row back.
const maxIds = 5_000;

/** One row for each event id, one cell for each channel. */
export class LiveList {
  /** A row that has left the table stays here as undefined. */
  readonly #rows = new Map<string, Row | undefined>();

  constructor(
    private readonly body: HTMLTableSectionElement,
    private readonly template: HTMLTemplateElement,
    private readonly empty: HTMLElement,
  ) {}

  /** Notes that an event arrived on the channel of this column; `joined` says which channels were listening by then. */
  receive(column: number, envelope: Envelope, joined: boolean[]): void {
    const known = this.#rows.get(envelope.eventId);
    if (!known && this.#rows.has(envelope.eventId)) return;
    const row = known ?? this.#add(envelope, joined);
    const cell = row.cells[column];
    if (!cell || cell.dataset.state === "arrived") return;
    mark(cell, "arrived", delayText(performance.now() - row.firstAtMs), "arrived");
  }

  /** Empties the table; what was in it does not come back through a channel that lags behind. */
  clear(): void {
    for (const id of this.#rows.keys()) this.#rows.set(id, undefined);
    this.body.replaceChildren();
    this.empty.hidden = false;
  }

  #add(envelope: Envelope, joined: boolean[]): Row {
    const fragment = this.template.content.cloneNode(true) as DocumentFragment;
    const element = fragment.querySelector("tr") as HTMLTableRowElement;
    const time = element.querySelector("time") as HTMLTimeElement;
    const cells = [...element.querySelectorAll<HTMLTableCellElement>("td.tick")];
    time.dateTime = envelope.timestamp;
    time.textContent = new Date(envelope.timestamp).toLocaleTimeString([], { hour12: false });
    const [resource = "", fact = ""] = envelope.eventType.split(".");
    // Narrow columns may break the name after the dot.
    element.querySelector(".type")?.append(`${resource}.`, document.createElement("wbr"), fact);
    element.querySelector(".summary")?.append(summarize(envelope));
    element.title = envelope.eventId;
    cells.forEach((cell, column) => {
      if (joined[column]) mark(cell, "pending", "", "not yet");
      else mark(cell, "absent", "", "was not listening");
    });
    const row = { element, cells, firstAtMs: performance.now() };
    this.#rows.set(envelope.eventId, row);
    this.body.prepend(element);
    this.empty.hidden = true;
    this.#trim();
    return row;
  }

  #trim(): void {
    for (let last; this.body.rows.length > maxRows && (last = this.body.rows.item(maxRows)); last.remove()) {
      this.#rows.set(last.title, undefined);
    }
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= maxIds) break;
      this.#rows.delete(oldest);
    }
  }
}

/** How long after the first channel. */
function delayText(ms: number): string {
  return ms < 1_000 ? `+${Math.round(ms)} ms` : `+${Math.round(ms / 1_000)} s`;
}

const marks = { arrived: "✓", pending: "·", absent: "–" };

function mark(cell: HTMLTableCellElement, state: keyof typeof marks, note: string, spoken: string): void {
  cell.dataset.state = state;
  const sign = document.createElement("span");
  sign.ariaHidden = "true";
  sign.textContent = marks[state];
  const label = document.createElement("span");
  label.className = "visually-hidden";
  label.textContent = spoken;
  const delay = document.createElement("small");
  delay.textContent = note;
  cell.replaceChildren(sign, label, delay);
}
