// A way to the server on which connections can be cut.
import { connect, createServer, type Socket } from "node:net";

export interface Way {
  port: number;
  /** How many streams of events go through it now. */
  streams: () => number;
  /** Ends the streams of events, and leaves everything else alone. */
  cutStreams: () => void;
  stop: () => void;
}

const STREAM = /^GET \/v1\/workspaces\/[^/]+\/(events |analytics\/live\?.*\r\n(.*\r\n)*accept: text\/event-stream)/im;

/** In front of a port of this machine. */
export async function startProxy(to: number): Promise<Way> {
  const sockets = new Set<Socket>();
  const streams = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, "127.0.0.1");
    sockets.add(client);
    client.on("data", (bytes) => {
      if (STREAM.test(bytes.toString("latin1"))) streams.add(client);
    });
    const end = () => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
      streams.delete(client);
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const destroy = (some: Set<Socket>) => {
    for (const socket of [...some]) socket.destroy();
  };
  return {
    port,
    streams: () => streams.size,
    cutStreams: () => destroy(streams),
    stop: () => {
      server.close();
      destroy(sockets);
    },
  };
}
