import { expect, test } from "vitest";
import { readEvents, type ServerEvent } from "../../src/lib/event-stream";

/** A stream that comes in these pieces. */
const inPieces = (pieces: string[]) =>
  new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    }),
  );

const STREAM =
  'id: 7\nevent: link.created\ndata: {"a":\ndata: 1}\n\n: still here\n\nevent: live\ndata:{}\n\ndata: cut off';
const EVENTS = [
  { id: "7", event: "link.created", data: '{"a":\n1}' },
  { id: "", event: "live", data: "{}" },
];

test("events are read wherever a stream is cut into pieces, and one that is cut off is none", async () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const found: ServerEvent[] = [];
    let life = 0;
    const pieces = [STREAM.slice(0, cut), STREAM.slice(cut)].filter(Boolean);
    await readEvents(
      inPieces(pieces),
      (event) => found.push(event),
      () => {
        life += 1;
      },
    );
    expect(found).toEqual(EVENTS);
    expect(life).toBe(pieces.length);
  }
});
