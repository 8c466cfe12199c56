"""Too little memory. The process runs in a small container under a load that wants much: redirects, edits, bulk creates, exports that are
read slowly, large bodies and many connections. First it is found how small a container it lives in; then, for each seed, a container
becomes smaller until the kernel kills the process. After the next start in the same container every answered write is there, every
answered redirect is stored, and nothing is stale.
"""

import json
import random
import socket
import threading
import time
from contextlib import ExitStack

from account import WELL_WITHIN_S, Account, Client, is_well, until
from container import container
from faults import SETTINGS, Behind, broken_promises, choose_database, each_seed
from harness import Elido, say

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "seconds": ("how long the load goes on", 4.0, 2.0),
    "container_mb": ("the container that is to become too small, in MB; 0 is the smallest that it lives in", 0, 512),
}
add_arguments = choose_database
# Containers to try, from the smallest.
CONTAINERS_MB = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
# It has to live in one of this size.
CONTAINER_MAX_MB = 256
# What holds memory besides visitors and edits. Bodies come from somebody who is known, and from nobody.
BODIES, BODIES_OF_NOBODY, EXPORTS, IDLE_EDGE, IDLE_API = 24, 100, 4, 600, 200
BODY_BYTES = 4 * 2**20
BULK_LINKS = 500
# How long the kernel may take to kill.
KILLED_WITHIN_S = 30
# Each visitor may have been answered once more without having heard it; the crowd all that it asks for at once.
VISITORS = 2


class Wants(Account):
    """An account with what wants memory."""

    def __init__(self, elido, workspace, seed):
        super().__init__(elido, workspace, seed)
        self.bulk_links, self.bulks, self.exported = [], 0, 0

    def __enter__(self):
        super().__enter__()
        self.crowded.set()
        bodies = [self.send_body] * BODIES + [self.send_body_of_nobody] * BODIES_OF_NOBODY
        works = [self.create_many, *bodies, *[self.export] * EXPORTS, self.connect]
        more = [threading.Thread(target=work, daemon=True) for work in works]
        [thread.start() for thread in more]
        self.threads += more
        return self

    def create_many(self):
        client = Client(self.elido.api_port)
        while not self.stopping.is_set():
            drafts = [{"destination_url": f"https://example.com/{number}?{'x' * 1500}"} for number in range(BULK_LINKS)]
            status, text = client.send("POST", f"/v1/workspaces/{self.workspace}/links/bulk", {"links": drafts}, self.elido.token)
            if status == 200:
                made = [result["link"]["id"] for result in json.loads(text)["results"]]
                self.bulks += 1
                # One transaction: where the first and the last are, the others are.
                self.bulk_links += [made[0], made[-1]]
            self.stopping.wait(0.05)

    def send_body(self):
        self.send_long(f"/v1/workspaces/{self.workspace}/links/bulk", f"authorization: Bearer {self.elido.token}\r\n")

    def send_body_of_nobody(self):
        self.send_long("/v1/auth/sign-in", "")

    def send_long(self, path, credential):
        """A body as large as is allowed, but for its last byte, which comes a while later."""
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{credential}content-type: application/json\r\ncontent-length: {BODY_BYTES}\r\n\r\n"
        while not self.stopping.is_set():
            with Connection(self.elido.api_port) as connection:
                if connection:
                    connection.sendall(head.encode() + b" " * (BODY_BYTES - 1))
                    self.stopping.wait(1)
                    connection.sendall(b" ")
                    connection.recv(65536)
            self.stopping.wait(0.1)

    def export(self):
        """All clicks, taken so slowly that they have to wait in the process or be asked for as they are taken."""
        head = f"GET /v1/workspaces/{self.workspace}/analytics/export?from=1990-01-01T00:00:00Z&to=2100-01-01T00:00:00Z HTTP/1.1\r\n"
        head += f"host: x\r\nauthorization: Bearer {self.elido.token}\r\n\r\n"
        while not self.stopping.is_set():
            with Connection(self.elido.api_port) as connection:
                while connection and not self.stopping.wait(0.02):
                    if head:
                        connection.sendall(head.encode())
                    taken = connection.recv(4096)
                    if not taken:
                        break
                    self.exported += len(taken)
            self.stopping.wait(0.1)

    def connect(self):
        """Connections that say half of what they want."""
        with ExitStack() as held:
            for port, count in ((self.elido.edge, IDLE_EDGE), (self.elido.api_port, IDLE_API)):
                for _ in range(count):
                    connection = held.enter_context(Connection(port))
                    if connection:
                        connection.sendall(b"GET /link1 HTTP/1.1\r\nhost: x\r\nuser-agent: ")
            self.stopping.wait()

    def lost(self):
        """Links that are not as the last answered write left them, and such as were made many at once."""
        client = Client(self.elido.api_port)
        path = f"/v1/workspaces/{self.workspace}/links"
        gone = sum(client.send("GET", f"{path}/{link}", token=self.elido.token)[0] != 200 for link in self.bulk_links)
        return super().lost() + gone


class Connection:
    """A connection whose errors end what is done with it: nothing is expected of a process that dies."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def __enter__(self):
        try:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=40)
        except OSError:
            pass
        return self.socket

    def __exit__(self, kind, *_):
        if self.socket:
            self.socket.close()
        return kind is not None and issubclass(kind, OSError)


def lives_in(arguments, behind, megabytes):
    """Whether it starts, bears the load and is well in a container of this size, without being killed."""
    with Elido(arguments.executable, SETTINGS | behind.settings(f"{megabytes}mb")) as elido, container(megabytes) as room:
        elido.prefix = room.prefix
        try:
            elido.start("all")
            account = Wants(elido, elido.first_account(), megabytes)
            account.make_links()
            with account:
                account.stopping.wait(arguments.seconds)
            well = elido.process.poll() is None and until(lambda: is_well(elido, account), WELL_WITHIN_S)
        except (SystemExit, OSError) as refusal:
            say(f"{megabytes} MB: {str(refusal).splitlines()[0]}")
            well = False
        if elido.process.poll() is None:
            elido.process.kill()
        elido.process.wait()
        say(f"{megabytes} MB: {'it lives' if well else 'too small'}")
        return well


def smallest(arguments):
    """The size of the smallest container that it lives in, in MB."""
    with Behind(arguments.database) as behind:
        for megabytes in CONTAINERS_MB:
            if lives_in(arguments, behind, megabytes):
                return megabytes
    raise SystemExit(f"error: it does not live in {CONTAINERS_MB[-1]} MB")


def one_run(arguments, elido, _, seed):
    chance = random.Random(seed)
    with container(arguments.container_mb) as room:
        elido.prefix = room.prefix
        elido.start("all")
        account = Wants(elido, elido.first_account(), seed)
        account.make_links()
        with account:
            account.stopping.wait(arguments.seconds * chance.uniform(0.3, 1))
            # Also one that dies before is one of those that the kernel killed.
            killed = room.squeeze(elido.process, KILLED_WITHIN_S) or room.kills() > 0
        if not killed:
            say(f"it was not killed: {elido.process.poll()}\n{elido.tail()}")
            elido.process.kill()
        elido.process.wait()
        room.widen()
        figures = after_the_kill(elido, account) | {"killed": int(killed), "not_killed": int(not killed)}
        # The process ends before its container does.
        elido.process.kill()
        elido.process.wait()
        return figures


def after_the_kill(elido, account):
    answered, figures = account.redirects, {"writes": account.writes + account.bulks, "refused": account.refused, "odd": account.odd}
    try:
        elido.start("all")
    except SystemExit as refusal:
        say(f"it does not start again: {refusal}")
        return figures | {"restarts_needed": 1, "lost": len(account.links)}
    lost, wrong = account.lost(), account.wrong_redirects()
    after = account.redirects - answered
    account.wait_for_stored(answered + after)
    stored = account.settle() - after
    return figures | {
        "lost": max(lost, account.lost()), "redirects": answered, "stored": stored,
        "unaccounted": max(0, answered - stored) + max(0, stored - answered - VISITORS - len(account.links)),
        "stale": account.stale + wrong, "restarts_needed": int(not until(lambda: is_well(elido, account), WELL_WITHIN_S)),
    }


def run(arguments):
    lives = arguments.container_mb or smallest(arguments)
    arguments.container_mb = lives
    with container(lives) as room:
        limit = room.NAME
    figures = each_seed(arguments, "memory", one_run)
    broken = broken_promises(figures)
    if lives > CONTAINER_MAX_MB and not arguments.short:
        broken.append(f"it lives in a container of {CONTAINER_MAX_MB} MB")
    if figures["not_killed"]:
        broken.append("a container that is too small ends the process")
    return {"limit": limit, "container_mb": lives, **figures}, broken
