import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { send } from "../../api/client";
import { problemOf, Refused } from "../../api/problem";
import type { components } from "../../generated/rest";
import { parseJson } from "../../live/envelope";
import { Button } from "../../ui/Button";

export type ChatAttachment = components["schemas"]["ChatAttachment"];

async function answerTo(request: Request): Promise<Response> {
  const response = await send(request);
  if (!response.ok) throw new Refused(response.status, problemOf(parseJson(await response.text())));
  return response;
}

/** Keeps a picture for the message that is to come. */
export async function attach(roomId: string, file: File): Promise<ChatAttachment> {
  const request = new Request(`/v1/chat/rooms/${roomId}/attachments`, { method: "POST", headers: { "Content-Type": file.type }, body: file });
  return (await (await answerTo(request)).json()) as ChatAttachment;
}

/** A picture needs a token, so no address of it will do; drawn on a canvas, it needs no exception from the page's policy either. */
export function Attachment({ attachment: { id, url }, from }: { attachment: ChatAttachment; from: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["attachment", id],
    queryFn: async ({ signal }) => createImageBitmap(await (await answerTo(new Request(url, { signal }))).blob()),
    staleTime: Infinity,
  });
  useEffect(() => {
    if (data) canvas.current?.getContext("2d")?.drawImage(data, 0, 0);
  }, [data]);
  if (error) {
    return (
      <p className="row small muted">
        A picture could not be loaded.
        <Button compact onClick={() => void refetch()}>
          Try again
        </Button>
      </p>
    );
  }
  if (!data) return <div className="attachment skeleton" role="status" aria-label="Loading a picture" />;
  return <canvas ref={canvas} className="attachment" width={data.width} height={data.height} role="img" aria-label={`A picture from ${from}`} />;
}
