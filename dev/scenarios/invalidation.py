"""Edits of links reach every edge within a second. Under a load on all edges, destinations are changed through the API. From the
moment in which an edit was answered, each edge is asked until it redirects to the new destination, and goes on being asked
afterwards: an old destination must not show later than a second after the edit, and a new one must not be taken back.
"""

import collections
import http.client
import json
import random
import re
import signal
import socket
import threading
import time

from cluster import Cluster
from harness import say
from load import Load, ask_once, failures, percentile, read_response, urls
from servers import send_signal

SIZES = {
    "edits": ("edits, in all", 1000, 50),
    "seconds": ("how long the edits of one fault take", 20, 4),
    "links": ("links that the load asks for", 1000, 200),
    "rate": ("requests of the load per second, in all", 1000, 100),
}
EDITED_MAX = 100
BOUND_SECONDS = 1.0
# The small form is for executables that were built without optimisation, which run beside everything else. An edge that asks the origin in vain
# asks again once its time is over, which is within this bound.
BOUND_SHORT_SECONDS = 12.0
ORIGIN_TIMEOUT_SHORT_MS = 8000
# How long an edge may take to show an edit before it is given up.
PATIENCE_SECONDS = 20
# How long a visitor waits between two looks at links that were edited earlier.
LOOK_SECONDS = 0.005
ORIGIN_DELAY_MS = 2000
# So soon that a replica takes over while edits are made.
FAILOVER_NODE_TIMEOUT_MS = 1500
HISTOGRAM_MS = (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def destination(number, edit=0):
    return f"https://example.com/link/{number}/edit/{edit}"


def edit_in(location):
    """Which edit of a link a response shows."""
    found = re.search(r"/edit/(\d+)$", location or "")
    return int(found[1]) if found else None


class Visitor(threading.Thread):
    """Asks one edge: for the link that was edited last until the edit shows, and for others that were edited before."""

    def __init__(self, edge, slugs, bound):
        super().__init__(daemon=True)
        self.slugs, self.bound = slugs, bound
        self.port = edge.edge
        self.connection = self.answers = None
        self.edited = collections.defaultdict(list)
        self.awaited = collections.deque()
        self.seen = {}
        self.delays_ms = []
        self.late = self.went_back = self.looks = 0
        self.failures = collections.Counter()
        self.stopping = False
        self.chance = random.Random(edge.edge)

    def expect(self, number, edit, answered):
        """The edit of a link was answered at this moment."""
        self.edited[number].append((answered, edit))
        self.awaited.append((number, edit, answered))

    def run(self):
        while not self.stopping or self.awaited:
            if self.awaited:
                self.await_edit(*self.awaited.popleft())
            elif self.edited:
                self.look(self.chance.choice(list(self.edited)))
                time.sleep(LOOK_SECONDS)
            else:
                time.sleep(LOOK_SECONDS)

    def await_edit(self, number, edit, answered):
        while (shown := self.look(number)) is None or shown < edit:
            if time.monotonic() - answered > PATIENCE_SECONDS:
                break
        self.delays_ms.append((time.monotonic() - answered) * 1000)

    def look(self, number):
        """Asks for a link, judges the response, and says which edit it shows."""
        asked = time.monotonic()
        try:
            status, location = self.ask(self.slugs[number])
        except OSError as error:
            self.connection, status, location = None, type(error).__name__, None
        self.looks += 1
        shown = edit_in(location)
        if shown is None:
            self.failures[status] += 1
            return None
        due = [edit for answered, edit in self.edited[number] if asked - answered > self.bound]
        self.late += bool(due) and shown < due[-1]
        self.went_back += shown < self.seen.get(number, 0)
        self.seen[number] = max(shown, self.seen.get(number, 0))
        return shown

    def ask(self, slug):
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.answers = self.connection.makefile("rb")
        self.connection.sendall(f"GET /{slug} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return read_response(self.answers)


class Editor:
    """Edits links through the API, on one connection."""

    def __init__(self, cluster, links):
        self.api, self.links = cluster.api, links
        self.path = f"/v1/workspaces/{cluster.workspace}/links"
        self.connection = http.client.HTTPConnection("127.0.0.1", cluster.api.api_port, timeout=30)

    def edit(self, number, edit):
        """Gives a link its next destination; the moment in which that was answered."""
        body = json.dumps({"destination_url": destination(number, edit)})
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.api.token}"}
        self.connection.request("PATCH", f"{self.path}/{self.links[number]['id']}", body, headers)
        answer = self.connection.getresponse()
        answered = time.monotonic()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the edit was answered with {answer.status}: {text[:300]}")
        return answered


def restart_redis(cluster, seconds):
    """Kills every node of Redis, and starts them again with nothing in them."""
    time.sleep(seconds / 4)
    cluster.redis.kill()
    time.sleep(seconds / 4)
    cluster.redis.start()


def fail_over(cluster, seconds):
    """Kills a primary, for its replica to take over."""
    time.sleep(seconds / 4)
    port = cluster.redis.a_primary()
    cluster.redis.kill([port])
    time.sleep(seconds / 2)
    cluster.redis.start()


def cut_word(cluster, seconds):
    """Cuts what connects the edges with Redis, and lets it fall silent, in turn."""
    end = time.monotonic() + seconds * 3 / 4
    time.sleep(seconds / 8)
    while time.monotonic() < end:
        send_signal([cluster.redis_proxy.pid], signal.SIGUSR1)
        time.sleep(0.3)
        send_signal([cluster.redis_proxy.pid], signal.SIGUSR2)
        time.sleep(0.7)
        send_signal([cluster.redis_proxy.pid], signal.SIGUSR2)
        time.sleep(0.3)


def nothing(cluster, seconds):
    """All is well."""


# What happens, and what the cluster needs for it.
FAULTS = {
    "none": (nothing, {}),
    "redis-restart": (restart_redis, {}),
    "failover": (fail_over, {"redis_node_timeout_ms": FAILOVER_NODE_TIMEOUT_MS}),
    "pubsub-cut": (cut_word, {"redis_proxy": True}),
    "slow-origin": (nothing, {"origin_delay_ms": ORIGIN_DELAY_MS}),
}


def add_arguments(parser):
    parser.add_argument("--fault", choices=FAULTS, help="only this one (default: all in turn, which share the edits)")


def bound_of(arguments):
    """Within how many seconds an edit has to show."""
    return BOUND_SHORT_SECONDS if arguments.short else BOUND_SECONDS


def measure(fault, edits, arguments):
    """The edits of one fault. Gives back what the visitors of the edges saw, and what became of the load."""
    happen, wiring = FAULTS[fault]
    # A fetch is waited for longer than it is delayed, so that it lands after edits that were made meanwhile. The small cache
    # makes for fetches all the while.
    settings = {"edge.cache.entries_max": arguments.links // 2, "edge.cache.origin_timeout_ms": 3 * ORIGIN_DELAY_MS}
    if arguments.short:
        settings |= {"cache.timeout_ms": 500, "edge.cache.origin_timeout_ms": ORIGIN_TIMEOUT_SHORT_MS}
    say(f"fault: {fault}")
    with Cluster(arguments.executable, settings=settings, **wiring) as cluster:
        links = cluster.create_links(arguments.links, destination)
        for edge in cluster.edges:
            # The domain is fetched before the clock runs: that takes as long as the origin does, and is no edit.
            ask_once(edge, links[:1])
        every = [link["slug"] for link in links]
        editor = Editor(cluster, links)
        visitors = [Visitor(edge, every, bound_of(arguments)) for edge in cluster.edges]
        load = Load(arguments.executable, cluster.api.folder, urls(cluster.edges, links), "--rate", arguments.rate,
                    "--duration", arguments.seconds + 2, "--zipf", 1)
        trouble = threading.Thread(target=happen, args=(cluster, arguments.seconds))
        for thread in [*visitors, trouble]:
            thread.start()
        start = time.monotonic()
        for count in range(edits):
            time.sleep(max(0, start + count * arguments.seconds / edits - time.monotonic()))
            number = count % min(EDITED_MAX, len(links))
            edit = count // min(EDITED_MAX, len(links)) + 1
            answered = editor.edit(number, edit)
            for visitor in visitors:
                visitor.expect(number, edit, answered)
        trouble.join()
        time.sleep(2 * BOUND_SECONDS)
        figures = load.end()
        for visitor in visitors:
            visitor.stopping = True
        for visitor in visitors:
            visitor.join()
    return visitors, figures


def summary(visitors, loads):
    delays = [delay for visitor in visitors for delay in visitor.delays_ms]
    figures = {f"{name}_ms": round(percentile(delays, share), 2) for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))}
    return figures | {
        "max_ms": round(max(delays), 2),
        "stale_after_1s": sum(visitor.late for visitor in visitors),
        "went_back": sum(visitor.went_back for visitor in visitors),
        "looks": sum(visitor.looks for visitor in visitors),
        "failed": sum(sum(visitor.failures.values()) for visitor in visitors) + sum(map(failures, loads)),
    }


def show_histogram(delays_ms):
    """How many edits took how long to show."""
    bounds = [*HISTOGRAM_MS, float("inf")]
    counts = collections.Counter(next(bound for bound in bounds if delay <= bound) for delay in delays_ms)
    print("\nfrom the response to an edit until an edge shows it")
    for bound in bounds:
        name = f"> {HISTOGRAM_MS[-1]} ms" if bound == bounds[-1] else f"<= {bound} ms"
        print(f"{name:>12}{counts[bound]:8}  {'#' * round(60 * counts[bound] / max(counts.values()))}")


def run(arguments):
    faults = [arguments.fault] if arguments.fault else list(FAULTS)
    edits = -(-arguments.edits // len(faults))
    seen = {fault: measure(fault, edits, arguments) for fault in faults}
    visitors = [visitor for watching, _ in seen.values() for visitor in watching]
    figures = {"edits": edits * len(faults), **summary(visitors, [load for _, load in seen.values()])}
    show_histogram([delay for visitor in visitors for delay in visitor.delays_ms])
    print(f"\n{'':14}" + "".join(f"{name:>15}" for name in ("p50_ms", "p99_ms", "p999_ms", "max_ms", "stale_after_1s", "went_back", "failed")))
    for fault, (watching, load) in seen.items():
        of_fault = summary(watching, [load])
        print(f"{fault:14}" + "".join(f"{of_fault[name]:>15}" for name in ("p50_ms", "p99_ms", "p999_ms", "max_ms", "stale_after_1s", "went_back", "failed")))
        figures |= {f"{fault.replace('-', '_')}_{name}": of_fault[name] for name in ("p999_ms", "max_ms", "stale_after_1s", "went_back")}
    broken, bound = [], bound_of(arguments)
    if figures["p999_ms"] > bound * 1000:
        broken.append(f"99.9 % of the edits show within {bound:g} s")
    if figures["stale_after_1s"] or figures["went_back"]:
        broken.append(f"no old destination shows later than {bound:g} s after an edit")
    if figures["failed"]:
        broken.append("every request for a link is redirected")
    return figures, broken
