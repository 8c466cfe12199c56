/** A server-sent event. */
export interface ServerEvent {
  event: string;
  id: string;
  data: string;
}

const nothing = (): ServerEvent => ({ event: "", id: "", data: "" });

/** Reads the events of a stream until it ends. `onLife` is called for every piece of it, also for what only shows that it goes on. */
export async function readEvents(
  response: Response,
  onEvent: (event: ServerEvent) => void,
  onLife: () => unknown = () => {},
): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = nothing();
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
    onLife();
    const lines = (rest + chunk.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, field, value = ""] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
      if (field === "data") event.data += (event.data && "\n") + value;
      else if (field) event[field as "id" | "event"] = value;
      if (line !== "") continue;
      if (event.event || event.id || event.data) onEvent(event);
      event = nothing();
    }
  }
}
