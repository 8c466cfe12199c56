"""Clicks go from edges over Kafka to ingesters while all of them break. Two edges, two ingesters, an API, PostgreSQL and Kafka run as real
processes under steady redirects; by a seed, edges and ingesters are killed, Kafka is paused and killed, and one edge goes for good: its
journals are shipped from its disk. In the end every answered redirect is stored, exactly once. With `--store clickhouse` the clicks go into a ClickHouse
that is paused and killed as well.
"""

import json
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from account import INCLUDE_ALL, Client, until
from harness import Elido, say
from load import ask_once
from servers import WORK_FOLDER, ClickHouse, Kafka, Postgres, wait_until

SIZES = {
    "seconds": ("length of the load", 600, 24),
    "seed": ("what happens when", 1, 1),
    "rate": ("redirects per second, in all", 400, 120),
    "links": ("links that visitors ask for", 50, 10),
}
EDGES = 2
INGESTERS = 2
VISITORS_PER_EDGE = 2
PARTITIONS = 4
# What may happen, each once before any of it happens again.
FAULTS = ("edge", "ingester", "pause", "edge", "ingester", "bus")
# What may happen besides where the store is a server.
STORE_FAULTS = ("store_pause", "store")
# The bus or the store is paused for at most so long: shorter and longer than a request may take.
PAUSE_S = (2.0, 13.0)
BETWEEN_S = (1.0, 4.0)
ORIGIN_TIMEOUT_MS = 20_000
# What waits in journals and on the bus is stored within this time, also when leases have to end first.
STORED_WITHIN_S = 240


class Visitors:
    """Visitors of one edge, who remember which of their redirects were answered."""

    def __init__(self, edge, number, slugs, rate):
        self.edge, self.number, self.slugs = edge, number, slugs
        self.pause = VISITORS_PER_EDGE / rate
        self.answered, self.other = set(), 0
        self.guard, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.visit, args=(each,), daemon=True) for each in range(VISITORS_PER_EDGE)]

    def start(self):
        [thread.start() for thread in self.threads]

    def stop(self):
        self.stopping.set()
        [thread.join() for thread in self.threads]

    def visit(self, visitor):
        client, count, due = Client(self.edge.edge), 0, time.monotonic()
        while not self.stopping.is_set():
            name = f"{self.number}-{visitor}-{count}"
            status, _ = client.send("GET", f"/{self.slugs[count % len(self.slugs)]}?utm_term={name}")
            with self.guard:
                if status == 302:
                    self.answered.add(name)
                elif status is not None:
                    self.other += 1
            count += 1
            # One that fell behind does not catch up.
            due = max(due + self.pause, time.monotonic() - 1)
            self.stopping.wait(max(0, due - time.monotonic()))


class Installation:
    """Everything that a click meets on its way."""

    def __init__(self, executable, store, parts):
        self.executable = executable
        self.postgres = Postgres()
        parts.callback(self.postgres.remove)
        self.kafka = Kafka()
        parts.callback(self.kafka.remove)
        folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="elido-clicks-", dir=WORK_FOLDER))
        self.store = None
        if store == "clickhouse":
            self.store = ClickHouse()
            parts.callback(self.store.remove)
        bus = {"bus.url": self.kafka.url, "bus.partitions": PARTITIONS}
        stores = {"database.url": self.postgres.url, "click_store.url": self.store.url if self.store else f"sqlite:{Path(folder) / 'clicks.db'}"}
        make = lambda settings: parts.enter_context(Elido(executable, settings))
        self.api = make(stores | bus)
        self.api.start("api")
        self.workspace = self.api.first_account()
        self.ingesters = [make(stores | bus) for _ in range(INGESTERS)]
        for ingester in self.ingesters:
            ingester.start("ingester")
        # An edge that begins anew asks for every link, of a machine that may be slow: the API is not what breaks here.
        origin = {"grpc.origin_url": f"http://127.0.0.1:{self.api.grpc}", "edge.cache.origin_timeout_ms": ORIGIN_TIMEOUT_MS}
        self.edges = [make(bus | origin) for _ in range(EDGES)]
        for edge in self.edges:
            edge.start("edge")

    def stored(self):
        """How often each visit is stored, and by which journal it came."""
        if self.store:
            query = "SELECT utm_term, journal_id, COUNT(*) FROM clicks WHERE utm_term IS NOT NULL GROUP BY utm_term, journal_id"
            return [(name, int(journal), int(count)) for name, journal, count in self.store.ask(query)]
        found = Counter((click["utm_term"], int(click["id"].removeprefix("clk_")[:16], 16)) for click in self.exported())
        return [(name, journal, count) for (name, journal), count in found.items() if name is not None]

    def exported(self):
        """Every click, as the API exports it; nothing where it does not, which may be asked again."""
        path = f"/v1/workspaces/{self.workspace}/analytics/export?format=ndjson&{INCLUDE_ALL}"
        status, text = Client(self.api.api_port).send("GET", path, token=self.api.token)
        if status != 200:
            say(f"the clicks cannot be exported: {status} {text[:200]}")
            return ()
        return map(json.loads, text.splitlines())

    def ship(self, edge):
        """Ships what an edge that is gone has left on its disk. Gives back how many records that were."""
        variables = {"ELIDO_BUS__URL": self.kafka.url, "ELIDO_BUS__PARTITIONS": str(PARTITIONS), "PATH": "/usr/bin:/bin"}
        command = [self.executable, "journal", "ship", "--folder", edge.folder / "data/journal", "--timeout", "300"]
        done = subprocess.run(command, cwd=edge.folder, env=variables, check=True, stdout=subprocess.PIPE, text=True)
        return int(done.stdout.split()[0])


class Breaker:
    """Breaks one part after the other, as the seed says."""

    def __init__(self, installation, chance, seconds):
        self.installation, self.chance = installation, chance
        # In a short run everything happens sooner.
        self.scale = min(1, seconds / 60)
        self.edges = list(installation.edges)
        self.happened = {"edge_kills": 0, "ingester_kills": 0, "bus_pauses": 0, "bus_kills": 0}
        self.faults = FAULTS
        if installation.store:
            self.faults += STORE_FAULTS
            self.happened |= {"store_pauses": 0, "store_kills": 0}
        self.due = []

    def wait(self, shortest, longest):
        time.sleep(self.scale * self.chance.uniform(shortest, longest))

    def one(self):
        self.wait(*BETWEEN_S)
        self.due = self.due or self.chance.sample(self.faults, len(self.faults))
        getattr(self, self.due.pop())()

    def restart(self, process, roles, count):
        process.process.kill()
        process.process.wait()
        self.wait(0, 2)
        process.start(roles)
        self.happened[count] += 1

    def edge(self):
        self.restart(self.chance.choice(self.edges), "edge", "edge_kills")

    def ingester(self):
        self.restart(self.chance.choice(self.installation.ingesters), "ingester", "ingester_kills")

    def pause(self):
        self.pause_server(self.installation.kafka, "bus_pauses")

    def bus(self):
        self.kill_server(self.installation.kafka, "bus_kills")

    def store_pause(self):
        self.pause_server(self.installation.store, "store_pauses")

    def store(self):
        self.kill_server(self.installation.store, "store_kills")

    def pause_server(self, server, count):
        server.pause()
        self.wait(*PAUSE_S)
        server.resume()
        self.happened[count] += 1

    def kill_server(self, server, count):
        server.kill()
        self.wait(0, 3)
        server.again()
        self.happened[count] += 1


def partition_of(journal_id):
    """The partition of a journal: MurmurHash2 of its name, as clients of Kafka choose it."""
    key, mask, mixer = f"{journal_id & 0xFFFFFFFFFFFFFFFF:016x}".encode(), 0xFFFFFFFF, 0x5BD1E995
    value = 0x9747B28C ^ len(key)
    for start in range(0, len(key), 4):
        word = int.from_bytes(key[start : start + 4], "little") * mixer & mask
        value = (value * mixer & mask) ^ ((word ^ word >> 24) * mixer & mask)
    value = (value ^ value >> 13) * mixer & mask
    return ((value ^ value >> 15) & 0x7FFFFFFF) % PARTITIONS


def add_arguments(parser):
    parser.add_argument("--store", choices=["embedded", "clickhouse"], default="embedded", help="where clicks are kept (default embedded)")


def run(arguments):
    chance = random.Random(arguments.seed)
    with ExitStack() as parts:
        installation = Installation(arguments.executable, arguments.store, parts)
        drafts = [{"destination_url": f"https://example.com/{number}"} for number in range(arguments.links)]
        links = installation.api.create_links(installation.workspace, drafts)
        # Until an edge has heard of a link it takes it for one that nobody has made. These visits have no name and do not count.
        for edge in installation.edges:
            wait_until("edge that knows the links", lambda: ask_once(edge, links) == len(links), 120)
        slugs = [link["slug"] for link in links]
        visitors = [Visitors(edge, number, slugs, arguments.rate / EDGES) for number, edge in enumerate(installation.edges)]
        [each.start() for each in visitors]
        breaker, end = Breaker(installation, chance, arguments.seconds), time.monotonic() + arguments.seconds
        gone_at, shipped = end - arguments.seconds / 3, None
        while time.monotonic() < end or len(breaker.due):
            if shipped is None and time.monotonic() > gone_at:
                say("one edge goes for good")
                visitors[-1].stop()
                gone = breaker.edges.pop()
                gone.process.kill()
                gone.process.wait()
                shipped = installation.ship(gone)
            breaker.one()
        [each.stop() for each in visitors]
        return account(installation, visitors, breaker, shipped, arguments.seed)


def account(installation, visitors, breaker, shipped, seed):
    """Holds what was answered against what is stored."""
    answered = set().union(*(each.answered for each in visitors))
    began, rows = time.monotonic(), []

    def all_are_stored():
        rows[:] = installation.stored()
        return answered <= {name for name, _, _ in rows}

    until(all_are_stored, STORED_WITHIN_S)
    waited = time.monotonic() - began
    times, by_partition = {}, [0] * PARTITIONS
    for name, journal, count in rows:
        times[name] = times.get(name, 0) + count
        by_partition[partition_of(journal)] += count
    lost = [name for name in answered if name not in times]
    twice = [name for name, count in times.items() if count > 1]
    figures = {
        "seed": seed, "store": "clickhouse" if installation.store else "embedded", **breaker.happened, "redirects_answered": len(answered), "clicks_stored": sum(times.values()),
        "unanswered_but_stored": len(times.keys() - answered), "lost": len(lost), "duplicated": len(twice),
        "other_responses": sum(each.other for each in visitors), "shipped_from_disk": shipped, "seconds_until_stored": round(waited, 1),
    }
    for number, each in enumerate(visitors):
        figures[f"edge_{number}_answered"] = len(each.answered)
        figures[f"edge_{number}_lost"] = len(each.answered - times.keys())
        figures[f"edge_{number}_duplicated"] = sum(name.startswith(f"{number}-") for name in twice)
    figures |= {f"partition_{number}_stored": count for number, count in enumerate(by_partition)}
    print(f"\n{len(answered):,} redirects answered, {sum(times.values()):,} clicks stored, {len(lost)} lost, {len(twice)} twice")
    promises = {
        "every answered redirect is stored": not lost, "none is stored twice": not twice,
        "no redirect is answered otherwise": not figures["other_responses"], "there was load": len(answered) > 100,
    }
    return figures, [promise for promise, holds in promises.items() if not holds]
