"""The release before and this one run beside each other on the same PostgreSQL, Redis, Kafka and ClickHouse. Every process is replaced by one of this
release, one after the other, and then by one of the release before again, while visitors follow links and a writer makes some, through
balancers. No request fails, every link that was made is there at every edge, and every click of an answered redirect is stored once.
"""

import os
import subprocess
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from account import Client, until
from balancer import BALANCER_WAIT_MS, Balancer
from harness import ROOT, Elido, die, say, shell
from load import ask_once
from servers import ClickHouse, Kafka, Postgres, Redis, wait_until

SIZES = {
    "rate": ("redirects per second, in all", 200, 80),
    "links": ("links that visitors ask for", 50, 10),
    "pause": ("seconds of load between two processes", 2.0, 0.5),
}
VISITORS = 4
# A link more so often.
WRITE_EVERY_S = 0.05
# What waits in journals and on the bus is stored within this time.
STORED_WITHIN_S = 90
# In this order they are replaced, and in the other they go back. A release may need none.
ROLES = ("api", "api", "ingester", "ingester", "workers", "edge", "edge")


def add_arguments(parser):
    parser.add_argument("--before", type=Path, help="the executable of the release before; otherwise it is built")
    parser.add_argument("--revision", default="", help="the tag or commit that it is built from (default: the last tag)")


def build_before(revision):
    """Builds the release before in a folder of its own, which is kept."""
    revision = revision or git("describe", "--tags", "--abbrev=0", "HEAD^")
    revision = git("rev-parse", "--short", f"{revision}^{{commit}}")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "before"
    source, executable = target / revision, target / f"build-{revision}/debug/elido"
    if executable.exists():
        return executable
    shell("need_toolchain")
    say(f"building {revision} (some minutes, once)")
    source.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
    command = ["cargo", "build", "--locked", "--bin", "elido", "--test", "tidy", "--target-dir", target / f"build-{revision}"]
    subprocess.run(command, cwd=source, check=True)
    return executable


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        die(f"git {' '.join(arguments)}: {done.stderr.strip()}. Name the release before with --revision or --before")
    return done.stdout.strip()


class Installation:
    """Two of every role that is asked from outside, and what is behind them."""

    def __init__(self, executable, parts):
        servers = [Postgres(), Redis(is_cluster=False), Kafka(), ClickHouse()]
        [parts.callback(server.remove) for server in servers]
        postgres, redis, kafka, self.clicks = servers
        common = {"cache.url": redis.url(), "bus.url": kafka.url, "bus.replication": 1, "shutdown.balancer_wait_ms": BALANCER_WAIT_MS}
        stores = {"database.url": postgres.url, "click_store.url": self.clicks.url}
        self.processes, self.replacing, origin = [], "nothing", {}
        for role in ROLES:
            if role == "edge" and not origin:
                # An edge finds any of the APIs, as it does behind a Service.
                apis = [(each.grpc, each.internal) for each in self.of("api")]
                origin = {"grpc.origin_url": f"http://127.0.0.1:{Balancer(self.of('api')[0].folder, parts, apis, 'tcp').port}"}
            process = parts.enter_context(Elido(executable, common | (origin if role == "edge" else stores)))
            process.role = role
            process.settings["links.default_domain_url"] = "http://links.example.com"
            process.start(role)
            self.processes.append(process)
        api = self.of("api")[0]
        self.workspace, self.token = api.first_account(), api.token
        self.edges, self.apis = (
            Balancer(api.folder, parts, [(getattr(each, port), each.internal) for each in self.of(role)])
            for role, port in (("edge", "edge"), ("api", "api_port"))
        )

    def of(self, role):
        return [process for process in self.processes if process.role == role]

    def stored(self):
        """How often each visit is stored."""
        rows = self.clicks.ask("SELECT utm_term, count() FROM clicks WHERE utm_term IS NOT NULL GROUP BY utm_term")
        return Counter({name: int(count) for name, count in rows})

    def replace(self, process, executable):
        """One process ends, and one of another release takes its place."""
        number = self.of(process.role).index(process)
        self.replacing = f"{process.role} {number}"
        process.stop()
        process.executable = executable
        process.start(process.role)
        balancer = {"edge": self.edges, "api": self.apis}.get(process.role)
        if balancer:
            wait_until("process behind the balancer", lambda: balancer.sees(number), 30)


class Load:
    """Visitors and a writer, as long as the block lasts."""

    def __init__(self, installation, slugs, rate):
        self.installation, self.slugs, self.pause = installation, slugs, VISITORS / rate
        self.answered, self.failed, self.made, self.unmade = set(), Counter(), [], Counter()
        self.guard, self.stopping = threading.Lock(), threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.visit, args=(number,), daemon=True) for number in range(VISITORS)]
        self.threads.append(threading.Thread(target=self.write, daemon=True))
        [thread.start() for thread in self.threads]
        return self

    def __exit__(self, *_):
        self.stopping.set()
        [thread.join() for thread in self.threads]

    def visit(self, visitor):
        client, count = Client(self.installation.edges.port), 0
        while not self.stopping.wait(self.pause):
            name = f"{visitor}-{count}"
            status, location = client.send("GET", f"/{self.slugs[count % len(self.slugs)]}?utm_term={name}")
            with self.guard:
                if status == 302 and location.startswith("https://example.com/"):
                    self.answered.add(name)
                else:
                    self.failed[f"redirect {status} while {self.installation.replacing} is replaced"] += 1
            count += 1

    def write(self):
        client, count = Client(self.installation.apis.port), 0
        path = f"/v1/workspaces/{self.installation.workspace}/links"
        while not self.stopping.wait(WRITE_EVERY_S):
            slug = f"made-{count}"
            status, text = client.send("POST", path, {"destination_url": f"https://example.com/{slug}", "slug": slug}, self.installation.token)
            if status == 201:
                self.made.append(slug)
            else:
                self.unmade[f"write {status} while {self.installation.replacing} is replaced: {text[:200]}"] += 1
            count += 1


def roll(installation, executable, order, pause):
    """Replaces every process, one by one; how long that took."""
    start = time.monotonic()
    for process in order:
        installation.replace(process, executable)
        time.sleep(pause)
    return round(time.monotonic() - start, 1)


def missing(installation, made):
    """Links that were acknowledged and do not redirect, at every edge."""
    links = [{"slug": slug} for slug in made]
    return sum(len(links) - ask_once(edge, links) for edge in installation.of("edge"))


def run(arguments):
    before = arguments.before or build_before(arguments.revision)
    after = arguments.executable
    if before.read_bytes() == after.read_bytes():
        die(f"{before} and {after} are the same")
    with ExitStack() as parts:
        installation = Installation(before, parts)
        drafts = [{"destination_url": f"https://example.com/{number}", "slug": f"old-{number}"} for number in range(arguments.links)]
        links = installation.of("api")[0].create_links(installation.workspace, drafts)
        for edge in installation.of("edge"):
            wait_until("edge that knows the links", lambda edge=edge: ask_once(edge, links) == len(links), 30)
        seconds = {}
        with Load(installation, [link["slug"] for link in links], arguments.rate) as load:
            for name, executable, order in (("upgrade", after, installation.processes), ("rollback", before, installation.processes[::-1])):
                say(f"{name}: {len(ROLES)} processes, one after the other")
                seconds[f"{name}_seconds"] = roll(installation, executable, order, arguments.pause)
                wait_until("edges that know the links made meanwhile", lambda: not missing(installation, load.made[:]), 30)
        return account(installation, load, seconds)


def account(installation, load, seconds):
    """Holds what was answered against what is stored."""
    until(lambda: load.answered <= installation.stored().keys(), STORED_WITHIN_S)
    stored = installation.stored()
    lost, twice = load.answered - stored.keys(), [name for name, count in stored.items() if count > 1]
    unmade, gone = load.unmade.total(), missing(installation, load.made)
    figures = {
        **seconds, "redirects": len(load.answered), "failed_redirects": load.failed.total(), "writes": len(load.made), "failed_writes": unmade,
        "links_missing": gone, "clicks_lost": len(lost), "clicks_twice": len(twice), **({"reasons": dict(load.failed + load.unmade)} if load.failed or load.unmade else {}),
    }
    promises = {
        "no redirect fails": not load.failed, "no write fails": not load.unmade, "every link that was made is there": not gone,
        "every click is stored": not lost, "none is stored twice": not twice, "there was load": len(load.answered) > 100 and len(load.made) > 20,
    }
    return figures, [promise for promise, holds in promises.items() if not holds]
