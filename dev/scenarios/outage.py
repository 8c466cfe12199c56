"""Known links are redirected while everything behind the edges is gone. PostgreSQL, Redis and the API are paused, so that connections
stay open and nobody answers, and continue, several times; then they are killed. No redirect may fail, and the 99th percentile of the
latency may at most double. An edge that is killed and started meanwhile serves from its snapshot.
"""

import statistics
import subprocess

from cluster import Cluster
from harness import say
from load import Load, ask_once, failures, urls
from servers import wait_until

SIZES = {
    "seconds": ("length of each measured window", 10, 2),
    "rounds": ("windows of each kind", 5, 3),
    "links": ("links that the load asks for", 1000, 200),
    "rate": ("requests per second, in all", 2000, 500),
}
# So short that every link passes its time in every window.
TTL_SECONDS = 1
P99_RATIO_MAX = 2.0
# How long the load goes on before and after what is behind the edges goes away.
AROUND_SECONDS = 2


class Windows:
    """Runs the load for a while, again and again."""

    def __init__(self, cluster, links, arguments):
        self.cluster, self.links, self.arguments = cluster, links, arguments
        self.folder = cluster.api.folder
        self.urls = urls(cluster.edges, links)
        self.all = []

    def begin(self, seconds):
        rate = self.arguments.rate
        return Load(self.arguments.executable, self.folder, self.urls, "--rate", rate, "--duration", seconds, "--zipf", 1)

    def keep(self, load):
        figures = load.end()
        self.all.append(figures)
        return figures

    def p99_us(self):
        """A window of its own, for its 99th percentile."""
        return self.keep(self.begin(self.arguments.seconds))["p99_us"]

    def during(self, change):
        """A window in which something changes; it counts for what fails, and not for how long it took."""
        load = self.begin(2 * AROUND_SECONDS)
        try:
            load.process.wait(AROUND_SECONDS)
        except subprocess.TimeoutExpired:
            change()
        return self.keep(load)

    def has_recovered(self):
        """Whether no edge misses anything. It finds out by being asked for links that it has to fetch."""
        for edge in self.cluster.edges:
            ask_once(edge, self.links)
        return self.cluster.is_healthy()


def measure(cluster, windows, rounds):
    """The 99th percentiles of the windows, by what was the matter."""
    p99s = {"healthy": [], "paused": [], "killed": []}
    windows.p99_us()
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: healthy, then paused")
        p99s["healthy"].append(windows.p99_us())
        windows.during(cluster.pause)
        p99s["paused"].append(windows.p99_us())
        windows.during(cluster.resume)
        wait_until("recovery", windows.has_recovered, 60)
    say("killed")
    windows.during(cluster.kill)
    p99s["killed"] = [windows.p99_us() for _ in range(rounds)]
    return p99s


def serve_snapshot(edge, links):
    """Kills an edge and starts it while nothing is behind it; how many links it redirects."""
    say("killing an edge and starting it again")
    edge.process.kill()
    edge.process.wait()
    edge.start("edge")
    return ask_once(edge, links)


def run(arguments):
    settings = {
        "edge.cache.ttl_plain_seconds": TTL_SECONDS, "edge.cache.snapshot_interval_seconds": 1,
    }
    with Cluster(arguments.executable, settings=settings) as cluster:
        links = cluster.create_links(arguments.links, lambda number: f"https://example.com/{number}")
        for edge in cluster.edges:
            ask_once(edge, links)
        windows = Windows(cluster, links, arguments)
        p99s = measure(cluster, windows, arguments.rounds)
        stale = cluster.metric("elido_link_cache_stale_serves_total")
        served = serve_snapshot(cluster.edges[0], links)
    medians = {kind: round(statistics.median(values)) for kind, values in p99s.items()}
    for kind, values in p99s.items():
        print(f"{kind:10}p99 {medians[kind]:6} µs   of {', '.join(f'{value:.0f}' for value in values)}")
    outage = round(statistics.median(p99s["paused"] + p99s["killed"]))
    figures = {
        "redirects": sum(each["redirects_answered"] for each in windows.all),
        "failed": sum(map(failures, windows.all)),
        "stale_serves": stale,
        "healthy_p99_us": medians["healthy"], "outage_p99_us": outage,
        "paused_p99_us": medians["paused"], "killed_p99_us": medians["killed"],
        "p99_ratio": round(outage / medians["healthy"], 2),
        "snapshot_links": len(links), "snapshot_served": served,
    }
    broken = []
    if figures["failed"]:
        broken.append("no redirect of a known link fails")
    if figures["p99_ratio"] > P99_RATIO_MAX and not arguments.short:
        broken.append(f"the 99th percentile grows at most {P99_RATIO_MAX}-fold")
    if served < len(links):
        broken.append("a restarted edge serves every link of its snapshot")
    return figures, broken
