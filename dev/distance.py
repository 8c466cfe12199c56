#!/usr/bin/env python3
"""A link over a distance, between what asks here and servers there: what is sent arrives late, either way, and at times not at all.

  dev/distance.py LISTEN:TARGET… [--delay-ms N] [--jitter-ms N] [--seed N]

It is told on its standard input, a word a line, how the link is from now on:

  whole     everything arrives
  held      nothing arrives before the link is whole again; then all of it does, on connections that are still open
  lost      nothing arrives, and on connections that were open meanwhile nothing ever will
  refused   connections are ended, and so are new ones
"""

import argparse
import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

STATES = ("whole", "held", "lost", "refused")
PIECE_BYTES = 64 * 1024
# Pieces on their way; more wait in the sender's socket.
PIECES_MAX = 1000


class Connection:
    """Both ends of what is passed on. One that is `dead` stays open, and nothing comes through any more."""

    def __init__(self, writer, dead):
        self.writers, self.dead = [writer], dead

    def abort(self):
        for writer in self.writers:
            writer.transport.abort()


class Link:
    def __init__(self, delay_seconds, jitter_seconds, chance):
        self.delay_seconds, self.jitter_seconds, self.chance = delay_seconds, jitter_seconds, chance
        self.state, self.passes = "whole", asyncio.Event()
        self.passes.set()
        self.connections = set()

    def be(self, state):
        """How the link is from now on, one of `STATES`."""
        self.state = state
        if state == "whole":
            self.passes.set()
            return
        self.passes.clear()
        for connection in self.connections:
            connection.dead |= state == "lost"
            if state == "refused":
                connection.abort()

    async def connect(self, target, reader, writer):
        connection = Connection(writer, self.state == "lost")
        if self.state == "refused":
            connection.abort()
            return
        self.connections.add(connection)
        try:
            await self.join(connection, target, reader)
        finally:
            connection.abort()
            self.connections.discard(connection)

    async def join(self, connection, target, reader):
        # As long as a handshake takes over the distance.
        await asyncio.sleep(2 * self.delay_seconds)
        await self.passes.wait()
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            return
        here_writer = connection.writers[0]
        connection.writers.append(there_writer)
        await asyncio.gather(self.carry(connection, reader, there_writer), self.carry(connection, there_reader, here_writer))

    async def carry(self, connection, reader, writer):
        """Passes on what arrives, in order and each piece late, until the sender ends."""
        pieces, due = asyncio.Queue(PIECES_MAX), 0.0
        deliver = asyncio.create_task(self.deliver(connection, pieces, writer))
        piece = b"first"
        while piece:
            try:
                piece = await reader.read(PIECE_BYTES)
            except OSError:
                piece = b""
            due = max(due, time.monotonic() + self.delay_seconds + self.chance.uniform(0, self.jitter_seconds))
            await pieces.put((due, piece))
        await deliver

    async def deliver(self, connection, pieces, writer):
        """Writes each piece when it is due; the empty one is the end."""
        piece = b"first"
        while piece:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            await self.passes.wait()
            if connection.dead or writer.is_closing():
                continue
            writer.write(piece)
            try:
                await writer.drain()
            except OSError:
                continue
        if not connection.dead:
            writer.close()


async def serve(arguments):
    link = Link(arguments.delay_ms / 1000, arguments.jitter_ms / 1000, random.Random(arguments.seed))
    for route in arguments.routes:
        listen, target = map(int, route.split(":"))
        await asyncio.start_server(lambda reader, writer, target=target: link.connect(target, reader, writer), "127.0.0.1", listen)
    words = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    print("whole", flush=True)
    while word := (await words.readline()).decode().strip():
        if word not in STATES:
            sys.exit(f"error: {word!r} is none of {', '.join(STATES)}")
        link.be(word)
        print(word, flush=True)


class Distance:
    """A link as a process of its own, between ports here and ports there: `routes` are pairs of them."""

    def __init__(self, routes, delay_ms, jitter_ms, seed):
        sizes = ["--delay-ms", delay_ms, "--jitter-ms", jitter_ms, "--seed", seed]
        command = [sys.executable, Path(__file__), *(f"{listen}:{target}" for listen, target in routes), *map(str, sizes)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def be(self, state):
        """Comes back when the link is so."""
        self.process.stdin.write(f"{state}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != state:
            raise RuntimeError(f"a link could not be {state}")

    def remove(self):
        self.process.kill()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routes", nargs="+", metavar="LISTEN:TARGET", help="a port here, and the one that it leads to")
    parser.add_argument("--delay-ms", type=int, default=0, help="how long everything is on its way (default 0)")
    parser.add_argument("--jitter-ms", type=int, default=0, help="how much longer it may be (default 0)")
    parser.add_argument("--seed", type=int, default=1, help="how much longer each piece is (default 1)")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
