import { memo } from "react";
import { Icon } from "../../ui/Icon";
import { timeOf } from "../../ui/format";
import { Attachment } from "./Attachment";
import type { ChatMessage } from "./conversation";

const alarm = /^SEE A VET NOW\.?\s*/;
/** The advisor that ends with its sources has named them; a language model may not. */
const namesSources = /^Sources: /m;
const mark = /\[([a-z0-9-]+)\]/g;

interface Part {
  text: string;
  /** The number of the citation that stands here. */
  cited?: number;
}

/** The text with its [id] marks as numbers of the citations. It stays text: nothing in it is HTML. */
function parts(text: string, cited: readonly string[]): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(mark)) {
    const at = cited.indexOf(match[1] ?? "");
    if (at < 0) continue;
    found.push({ text: text.slice(from, match.index), cited: at + 1 });
    from = match.index + match[0].length;
  }
  return [...found, { text: text.slice(from) }];
}

function Line({ line, cited }: { line: string; cited: readonly string[] }) {
  return (
    <p>
      {parts(line, cited).map(({ text, cited: number }, index) => (
        <span key={index}>
          {text}
          {number !== undefined && <sup className="cite">{number}</sup>}
        </span>
      ))}
    </p>
  );
}

/** The line that sends to the vet at once, without its mark; nothing when there is none. */
export function alarmOf(text: string): string | undefined {
  const line = text.split("\n").find((one) => alarm.test(one));
  return line?.replace(alarm, "").replace(mark, "").trim();
}

/** Paragraphs; a line of the advisor's that sends to the vet at once stands out. */
export function Text({ text, cited, advice }: { text: string; cited: readonly string[]; advice: boolean }) {
  return (
    <>
      {text
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line, index) =>
          advice && alarm.test(line) ? (
            <div key={index} className="red-flag">
              <strong className="row">
                <Icon name="alert" />
                See a vet now
              </strong>
              <Line line={line.replace(alarm, "")} cited={cited} />
            </div>
          ) : (
            <Line key={index} line={line} cited={cited} />
          ),
        )}
    </>
  );
}

function Source({ source }: { source: string }) {
  if (!/^https?:\/\//.test(source)) return <span>{source}</span>;
  return (
    <a href={source} rel="noreferrer noopener" target="_blank">
      {new URL(source).hostname}
    </a>
  );
}

const names = { USER: "Customer", ADVISOR: "Advisor", STAFF: "Staff", SYSTEM: "Store" };

export const Message = memo(function Message({ message, own }: { message: ChatMessage; own: boolean }) {
  const cited = message.citations.map(({ id }) => id);
  if (message.author === "SYSTEM") return <li className="notice-line small muted">{message.text}</li>;
  return (
    <li className={`bubble ${own ? "own" : message.author.toLowerCase()}`} data-author={message.author}>
      <div className="bubble-head small">
        <strong>{own ? "You" : names[message.author]}</strong>
        <time className="muted number" dateTime={message.createdAt}>
          {timeOf(message.createdAt)}
        </time>
      </div>
      {message.deletedAt ? <p className="muted">This message was deleted.</p> : <Text text={message.text} cited={cited} advice={message.author === "ADVISOR"} />}
      {!message.deletedAt && message.attachments.map((attachment) => <Attachment key={attachment.id} attachment={attachment} from={own ? "you" : `the ${names[message.author].toLowerCase()}`} />)}
      {message.citations.length > 0 && (
        <ol className="citations small" aria-label="Sources">
          {message.citations.map(({ id, title, sources }) => (
            <li key={id}>
              {title}
              {(namesSources.test(message.text) ? [] : sources).map((source) => (
                <span key={source} className="muted">
                  {" · "}
                  <Source source={source} />
                </span>
              ))}
            </li>
          ))}
        </ol>
      )}
      {message.editedAt && !message.deletedAt && <p className="small muted">edited</p>}
    </li>
  );
});
