#!/usr/bin/env python3
"""A TCP proxy that makes trouble: answers arrive late, connections are cut, or nothing comes through any more.

  dev/proxy.py LISTEN_PORT TARGET_PORT [--delay-ms N]

SIGUSR1 cuts every connection. SIGUSR2 begins to swallow what arrives, on connections that stay open, and the next one ends that.
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

PIECE_BYTES = 64 * 1024
# Answers on their way; more wait in the sender's socket.
PIECES_MAX = 1000


class Proxy:
    def __init__(self, target, delay_seconds):
        self.target, self.delay_seconds = target, delay_seconds
        self.swallowing = False
        self.writers = set()

    async def connect(self, reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, there_writer}
        self.writers |= both
        await asyncio.gather(self.carry(reader, there_writer, 0), self.carry(there_reader, writer, self.delay_seconds))
        self.writers -= both

    async def carry(self, reader, writer, delay_seconds):
        """Passes on what arrives, in order and each piece late, until either side ends."""
        pieces = asyncio.Queue(PIECES_MAX)
        deliver = asyncio.create_task(self.deliver(pieces, writer))
        try:
            while piece := await reader.read(PIECE_BYTES):
                await pieces.put((time.monotonic() + delay_seconds, piece))
        except OSError:
            pass
        await pieces.put((time.monotonic() + delay_seconds, None))
        await deliver

    async def deliver(self, pieces, writer):
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            if piece is None:
                writer.transport.abort()
                return
            if not self.swallowing and not writer.is_closing():
                writer.write(piece)

    def cut(self):
        for writer in self.writers:
            writer.transport.abort()

    def swallow(self):
        self.swallowing = not self.swallowing


async def serve(arguments):
    proxy = Proxy(arguments.target, arguments.delay_ms / 1000)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, proxy.cut)
    loop.add_signal_handler(signal.SIGUSR2, proxy.swallow)
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", arguments.listen)
    print("ready", flush=True)
    await server.serve_forever()


def start(listen, target, delay_ms=0):
    """Starts a proxy as a process of its own and gives that back once it listens."""
    command = [sys.executable, Path(__file__), str(listen), str(target), "--delay-ms", str(delay_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("listen", type=int, metavar="LISTEN_PORT")
    parser.add_argument("target", type=int, metavar="TARGET_PORT")
    parser.add_argument("--delay-ms", type=int, default=0, help="how late answers are (default 0)")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
