"""Three sites, two of which have nothing but edges and a Redis. They reach the origin (API, ingester, workers, PostgreSQL, Kafka, ClickHouse) over a
link that delays everything by 80 ms and more, each way: gRPC with certificates on both sides, and Kafka. By a seed the links are cut for minutes, in
three ways, while visitors come at all sites and links are edited at the origin. No redirect of a known link may fail, unless the site has heard of an
edit of it and cannot fetch it; every edit shows soon after the link is back, and in the end every answered redirect is stored, exactly once.
"""

import collections
import random
import statistics
import subprocess
import threading
import time
from contextlib import ExitStack

from account import Client, until
from distance import Distance
from harness import Elido, free_ports, say, shell
from load import ask_once, percentile
from servers import ClickHouse, Kafka, Postgres, Redis, wait_until

SIZES = {
    "seconds": ("length of the load", 600, 20),
    "seed": ("when links are cut, and how", 1, 1),
    "rate": ("redirects per second at each site", 100, 40),
    "links": ("links that visitors ask for", 200, 20),
    "delay": ("how long everything is on its way, each way, in milliseconds", 80, 80),
}
NAMES = ("origin", "far", "farther")
VISITORS_PER_SITE = 2
JITTER_MS = 20
# How long links are whole and cut, in a load of ten minutes; in a shorter one everything happens sooner.
WHOLE_S, CUT_S = (20, 50), (60, 150)
SCALED_AT_S = 600
CUTS = ("held", "lost", "refused")
EDIT_INTERVAL_S, EDITED = 1.0, 8
# How long a link is believed by an edge that hears nothing: less than a cut takes.
TTL_S = 30
# An edit shows so soon after its answer, or after the link is back.
WHOLE_BOUND_S, CUT_BOUND_S = 2.0, 10.0
# So long after a cut an edge may be about to connect again; edits of this time belong to the cut.
RETURN_S = 5.0
# What the link had let through when it was cut arrives within this time.
UNDER_WAY_S = 1.0
P99_RATIO_MAX = 2.0
STORED_WITHIN_S = 120


def destination(number, edit=0):
    return f"https://example.com/{number}/{edit}"


def certificates(folder):
    """An authority, and two certificates of it: of the origin's listener, and of the edges."""
    script = """set -e; curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $curve -keyout authority.key -out authority.pem -days 2 -subj '/CN=Authority of the sites'
echo subjectAltName=IP:127.0.0.1 >extensions
for name in origin edge; do
    openssl req $curve -keyout $name.key -out $name.csr -subj "/CN=$name"
    openssl x509 -req -in $name.csr -CA authority.pem -CAkey authority.key -CAcreateserial -out $name.pem -days 2 -extfile extensions
done"""
    subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True)


class Site:
    """An edge, how its visitors fare, and which edits they are still to see."""

    def __init__(self, name, number, edge, distance=None):
        self.name, self.number, self.edge, self.distance = name, number, edge, distance
        self.guard = threading.Lock()
        self.visits = []
        self.awaited = collections.OrderedDict()
        self.whole_since, self.cut_since = 0.0, None
        self.cuts = []
        self.delays = {"whole": [], "after_cut": []}
        # The link that is being edited, and those with an edit that was not seen here when the link of the site was cut: it may have heard of it.
        self.editing, self.caught = None, set()
        self.failed = self.failed_caught = self.failed_edited = 0
        self.late = self.seen_through_a_cut = 0
        self.clicks_waited, self.drained_s = [], []

    def begin(self, number):
        """A link is about to be edited: from now on the site may hear of it."""
        with self.guard:
            self.editing = number

    def expect(self, number, edit, asked, answered):
        """The edit was asked for and answered at these moments."""
        with self.guard:
            self.editing = None
            self.awaited.setdefault(number, []).append((edit, asked, answered))

    def choose(self, chance, links):
        """The next link that a visitor asks for: one whose edit is still to be seen, as long as it can be."""
        with self.guard:
            if self.awaited and self.cut_since is None:
                number = next(iter(self.awaited))
                self.awaited.move_to_end(number)
                return number
        return chance.randrange(links)

    def visited(self, name, number, asked, took, status, location):
        shown = int(location.rpartition("/")[2]) if status == 302 else None
        with self.guard:
            self.visits.append((name, number, asked, took, status))
            if shown is not None:
                self.see(number, shown, asked + took)
            elif self.cut_since and number in self.caught:
                self.failed_caught += 1
            elif not self.cut_since and (number in self.awaited or number == self.editing):
                self.failed_edited += 1
            else:
                self.failed += 1

    def see(self, number, shown, at):
        waiting = self.awaited.pop(number, [])
        for edit, asked, answered in waiting:
            if edit <= shown:
                self.note_delay(asked, answered, at)
        if left := [each for each in waiting if each[0] > shown]:
            self.awaited[number] = left
        elif waiting:
            self.caught.discard(number)

    def is_returning(self, moment):
        """Whether the link had just been mended at a moment, or has been since."""
        return self.whole_since > moment - RETURN_S

    def note_delay(self, asked, answered, at):
        if self.cut_since and asked > self.cut_since + UNDER_WAY_S:
            self.seen_through_a_cut += 1
        kind = "after_cut" if self.is_returning(answered) else "whole"
        self.delays[kind].append(at - max(answered, self.whole_since))

    def cut(self, how):
        with self.guard:
            self.judge_awaited()
            self.caught = {*self.awaited, self.editing}
            self.cut_since = time.monotonic()
            self.distance.be(how)

    def mend(self):
        self.clicks_waited.append(self.edge.metric("elido_journal_records_total") - self.edge.metric("elido_click_shipped_records_total"))
        with self.guard:
            self.distance.be("whole")
            self.whole_since = time.monotonic()
            self.cuts.append((self.cut_since, self.whole_since))
            self.cut_since = None
        # Every click of the cut has left the site when the oldest of those that wait is younger than its end.
        until(lambda: self.edge.metric("elido_click_publish_lag_seconds") < time.monotonic() - self.whole_since, CUT_BOUND_S * 3)
        self.drained_s.append(time.monotonic() - self.whole_since)

    def judge_awaited(self):
        """Counts edits that should show by now."""
        now = time.monotonic()
        for answered in [answered for waiting in self.awaited.values() for _, _, answered in waiting]:
            bound = CUT_BOUND_S if self.is_returning(answered) else WHOLE_BOUND_S
            self.late += now - max(answered, self.whole_since) > bound

    def latencies_us(self, cut):
        """Of links that nobody edits: of others the first visitor after an edit waits until it is fetched."""
        within = lambda asked: any(begin <= asked < end for begin, end in self.cuts)
        return [took * 1e6 for _, number, asked, took, _ in self.visits if number >= EDITED and within(asked) == cut]

    def answered(self):
        return {name for name, _, _, _, status in self.visits if status == 302}


class Installation:
    """The origin, two sites beside it, and the links between them."""

    def __init__(self, arguments, parts):
        shell("need_packages redis-server redis-tools openssl")
        say("starting an origin with everything, and two sites with edges alone")
        self.executable, self.parts = arguments.executable, parts
        # For each far site: where Kafka listens for it, and the proxies in front of that and of gRPC.
        ports = [free_ports(3) for _ in NAMES[1:]]
        self.postgres = self.keep(Postgres())
        self.kafka = self.keep(Kafka([(listener, proxy) for listener, proxy, _ in ports]))
        self.clickhouse = self.keep(ClickHouse())
        redis = self.keep(Redis(is_cluster=False))
        origin = {"database.url": self.postgres.url, "bus.url": self.kafka.url, "click_store.url": self.clickhouse.url, "cache.url": redis.url()}
        self.api = self.make(origin)
        certificates(self.api.folder)
        file = self.api.folder.joinpath
        self.api.settings |= {"grpc.tls_certificate_file": file("origin.pem"), "grpc.tls_key_file": file("origin.key"), "grpc.tls_client_ca_file": file("authority.pem")}
        self.api.start("api")
        self.workspace = self.api.first_account()
        for role in ("ingester", "workers"):
            self.make(origin).start(role)
        self.shown = {"grpc.origin_ca_file": file("authority.pem"), "grpc.origin_certificate_file": file("edge.pem"), "grpc.origin_key_file": file("edge.key")}
        near = self.start_edge(redis, self.api.grpc, self.kafka.url)
        self.sites = [Site(NAMES[0], 0, near)]
        for number, (listener, bus, grpc) in enumerate(ports, 1):
            distance = self.keep(Distance([(bus, listener), (grpc, self.api.grpc)], arguments.delay, JITTER_MS, arguments.seed + number))
            edge = self.start_edge(self.keep(Redis(is_cluster=False)), grpc, f"kafka://127.0.0.1:{bus}")
            self.sites.append(Site(NAMES[number], number, edge, distance))

    def keep(self, server):
        self.parts.callback(server.remove)
        return server

    def make(self, settings):
        return self.parts.enter_context(Elido(self.executable, settings))

    def start_edge(self, redis, grpc, bus):
        wiring = {"cache.url": redis.url(), "grpc.origin_url": f"https://127.0.0.1:{grpc}", "bus.url": bus}
        edge = self.make(self.shown | wiring | {"edge.cache.ttl_plain_seconds": TTL_S})
        edge.start("edge")
        return edge

    def make_links(self, count):
        """Links that every site has answered once."""
        links = self.api.create_links(self.workspace, [{"destination_url": destination(number)} for number in range(count)])
        for site in self.sites:
            wait_until(f"knowledge of the links at {site.name}", lambda site=site: ask_once(site.edge, links) == len(links), 30)
        return links

    def stored(self):
        """How often each visit is stored."""
        return {name: int(count) for name, count in self.clickhouse.ask("SELECT utm_term, COUNT(*) FROM clicks WHERE utm_term IS NOT NULL GROUP BY utm_term")}


class Load:
    """Visitors of every site and an editor at the origin, until it is stopped."""

    def __init__(self, installation, links, arguments):
        self.installation, self.links, self.arguments = installation, links, arguments
        self.edits, self.stopping = 0, threading.Event()
        self.threads = [threading.Thread(target=self.edit, daemon=True)]
        for site in installation.sites:
            self.threads += [threading.Thread(target=self.visit, args=(site, visitor), daemon=True) for visitor in range(VISITORS_PER_SITE)]
        [thread.start() for thread in self.threads]

    def stop(self):
        self.stopping.set()
        [thread.join() for thread in self.threads]

    def edit(self):
        api = self.installation.api
        client = Client(api.api_port)
        while not self.stopping.wait(EDIT_INTERVAL_S):
            number, edit = self.edits % EDITED, self.edits // EDITED + 1
            path = f"/v1/workspaces/{self.installation.workspace}/links/{self.links[number]['id']}"
            [site.begin(number) for site in self.installation.sites]
            asked = time.monotonic()
            status, text = client.send("PATCH", path, {"destination_url": destination(number, edit)}, api.token)
            if status != 200:
                raise RuntimeError(f"an edit was answered {status}: {text[:200]}")
            answered = time.monotonic()
            self.edits += 1
            [site.expect(number, edit, asked, answered) for site in self.installation.sites]

    def visit(self, site, visitor):
        client, chance = Client(site.edge.edge), random.Random(f"{self.arguments.seed} {site.number} {visitor}")
        count, due = 0, time.monotonic()
        while not self.stopping.is_set():
            name, number = f"{site.number}-{visitor}-{count}", site.choose(chance, len(self.links))
            asked = time.monotonic()
            status, location = client.send("GET", f"/{self.links[number]['slug']}?utm_term={name}")
            site.visited(name, number, asked, time.monotonic() - asked, status, location)
            count += 1
            # One that fell behind does not catch up.
            due = max(due + VISITORS_PER_SITE / self.arguments.rate, time.monotonic() - 1)
            self.stopping.wait(max(0, due - time.monotonic()))


def cut_and_mend(site, end, seed, scale):
    """Cuts the link of a site again and again, in every way, and leaves it whole in time for the last edits to arrive."""
    chance, ways = random.Random(f"{seed} {site.number}"), []
    last = end - CUT_BOUND_S * min(1, 2 * scale)
    while True:
        whole, cut = (scale * chance.uniform(*bounds) for bounds in (WHOLE_S, CUT_S))
        if time.monotonic() + whole + cut > last:
            return
        time.sleep(whole)
        ways = ways or chance.sample(CUTS, len(CUTS))
        way = ways.pop()
        say(f"{site.name}: the link is {way} for {cut:.0f} s")
        site.cut(way)
        time.sleep(cut)
        site.mend()


def run(arguments):
    with ExitStack() as parts:
        installation = Installation(arguments, parts)
        links = installation.make_links(arguments.links)
        load, end = Load(installation, links, arguments), time.monotonic() + arguments.seconds
        cutters = [
            threading.Thread(target=cut_and_mend, args=(site, end, arguments.seed, arguments.seconds / SCALED_AT_S)) for site in installation.sites if site.distance
        ]
        [each.start() for each in cutters]
        [each.join() for each in cutters]
        time.sleep(max(0, end - time.monotonic()))
        load.stop()
        for site in installation.sites:
            site.judge_awaited()
        return account(installation, load, arguments)


def account(installation, load, arguments):
    """Holds what every site answered against what is stored."""
    answered = set().union(*(site.answered() for site in installation.sites))
    began = time.monotonic()
    until(lambda: answered <= installation.stored().keys(), STORED_WITHIN_S)
    waited, stored = time.monotonic() - began, installation.stored()
    figures = {"seed": arguments.seed, "seconds": arguments.seconds, "delay_ms": arguments.delay, "edits": load.edits, "seconds_until_stored": round(waited, 1)}
    broken = []
    for site in installation.sites:
        found = of_site(site, stored)
        broken += [f"{site.name}: {promise}" for promise, holds in promises(site, found, arguments.short).items() if not holds]
        figures |= {f"{site.name}_{figure}": value for figure, value in found.items()}
        show(site.name, found)
    return figures, broken


def of_site(site, stored):
    names = site.answered()
    of_names = [count for name, count in stored.items() if name.startswith(f"{site.number}-")]
    found = {
        "answered": len(names), "failed": site.failed, "failed_edited": site.failed_edited, "stored": sum(of_names), "lost": len(names - stored.keys()),
        "duplicated": sum(count > 1 for count in of_names),
    }
    found |= latency("whole", site.latencies_us(cut=False)) | staleness("edit", site.delays["whole"]) | {"late_edits": site.late}
    if site.distance:
        found |= {"cuts": len(site.cuts), "cut_seconds": round(sum(end - begin for begin, end in site.cuts), 1), "seen_through_a_cut": site.seen_through_a_cut}
        found |= latency("cut", site.latencies_us(cut=True)) | staleness("edit_after_cut", site.delays["after_cut"])
        found |= {"failed_caught": site.failed_caught, "stale_serves": int(site.edge.metric("elido_link_cache_stale_serves_total"))}
        if site.cuts:
            found |= {"p99_ratio": round(found["cut_p99_us"] / found["whole_p99_us"], 2)}
            found |= {"clicks_waited_most": int(max(site.clicks_waited)), "journal_empty_after_s": round(max(site.drained_s), 1)}
    return found


def latency(kind, values):
    return {f"{kind}_p50_us": round(percentile(values, 0.5)), f"{kind}_p99_us": round(percentile(values, 0.99))} if values else {}


def staleness(kind, delays):
    figures = {f"{kind}s_seen": len(delays)}
    if delays:
        figures |= {f"{kind}_p50_ms": round(statistics.median(delays) * 1000), f"{kind}_max_ms": round(max(delays) * 1000)}
    return figures


def promises(site, found, is_short):
    held = {
        "there was load": found["answered"] > 100,
        "every redirect of a known link is answered, but where an edit was heard of": not found["failed"],
        "every answered redirect is stored": not found["lost"],
        "none is stored twice": not found["duplicated"],
        "edits show in time": not found["late_edits"] and (is_short or found.get("edit_max_ms", float("inf")) <= WHOLE_BOUND_S * 1000),
    }
    if site.distance:
        held |= {
            "the link was cut, and let nothing through": found["cuts"] and not found["seen_through_a_cut"],
            "edits show soon after the link is back": found.get("edit_after_cut_max_ms", float("inf")) <= CUT_BOUND_S * 1000,
            "redirects do not get slow in a cut": is_short or found.get("p99_ratio", float("inf")) <= P99_RATIO_MAX,
        }
    return held


def show(name, found):
    print(f"\n{name}")
    for figure, value in found.items():
        print(f"  {figure:28}{value:>12,}")
