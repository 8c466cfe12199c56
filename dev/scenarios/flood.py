"""Random slugs reach nobody. While links in use are asked for, a flood of slugs that are not there comes in at the same edges. The source
of truth must hear almost nothing of it, and the links in use must stay in the edges' own caches.
"""

import threading

from cluster import Cluster
from harness import say
from load import Load, ask_once, failures, urls

SIZES = {
    "flood": ("requests for random slugs", 1_000_000, 20_000),
    "links": ("links in use", 50_000, 2_000),
    "rate": ("requests per second for links in use", 2000, 500),
    "seconds": ("least length of the load on links in use", 20, 4),
}
ORIGIN_SHARE_MAX = 0.001
HIT_RATIO_MIN = 0.95
CONNECTIONS = 96
# How often each edge doubts its filter: at once, and each second.
DOUBTS = (2, 1)


def warm(edges, links):
    """Makes every link known to every edge."""
    threads = [threading.Thread(target=ask_once, args=(edge, links)) for edge in edges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counts(cluster):
    """What the edges have counted so far."""
    return {
        "origin_calls": cluster.metric("elido_link_origin_requests_total"),
        "redis_calls": sum(cluster.metric("elido_cache_requests_total", result=result) for result in ("hit", "miss", "failed")),
        "hits": cluster.metric("elido_redirect_requests_total", status="302", cache="l1"),
        "redirects": cluster.metric("elido_redirect_requests_total", status="302"),
        "not_found": cluster.metric("elido_redirect_requests_total", status="404"),
        "refused_by_filter": cluster.metric("elido_filter_refused_total"),
        "false_positives": cluster.metric("elido_filter_false_positives_total"),
        "evictions": cluster.metric("elido_link_cache_evictions_total"),
    }


def run(arguments):
    with Cluster(arguments.executable) as cluster:
        links = cluster.create_links(arguments.links, lambda number: f"https://example.com/{number}")
        say("making the links known to every edge")
        warm(cluster.edges, links)
        folder, executable = cluster.api.folder, arguments.executable
        before = counts(cluster)
        say(f"{arguments.flood} requests for random slugs")
        hosts = [f"http://127.0.0.1:{edge.edge}/" for edge in cluster.edges]
        flood = Load(executable, folder, hosts, "--random-slugs", "--requests", arguments.flood, "--connections", CONNECTIONS)
        in_use = []
        while flood.is_running() or not in_use:
            in_use.append(Load(executable, folder, urls(cluster.edges, links), "--rate", arguments.rate, "--zipf", 1,
                               "--duration", arguments.seconds).end())
        flooded = flood.end()
        figures = {name: count - before[name] for name, count in counts(cluster).items()}
    hits = figures.pop("hits")
    failed = sum(map(failures, in_use)) + flooded["errors"]
    figures |= {
        "flood": flooded["other_responses"], "flood_rps": round(flooded["requests_per_s"]), "links": len(links),
        "failed": failed, "origin_share": round(figures["origin_calls"] / flooded["other_responses"], 6),
        "hit_ratio": round(hits / figures["redirects"], 4), "in_use_p99_us": max(each["p99_us"] for each in in_use),
    }
    show(figures)
    broken = []
    calls_max = ORIGIN_SHARE_MAX * figures["flood"]
    if arguments.short:
        # A few requests to a slow build take so long that what each edge doubts in a second is a large share of them.
        at_once, each_second = DOUBTS
        calls_max += len(cluster.edges) * (at_once + each_second * figures["flood"] / figures["flood_rps"])
    if figures["origin_calls"] >= calls_max:
        broken.append(f"less than {ORIGIN_SHARE_MAX:.1%} of the flood reaches the source of truth")
    if figures["hit_ratio"] <= HIT_RATIO_MIN:
        broken.append(f"more than {HIT_RATIO_MIN:.0%} of the redirects come from the edges' own caches")
    if failed or flooded["other_responses"] < arguments.flood:
        broken.append("every request is answered as it should be")
    return figures, broken


def show(figures):
    print(f"\nflood       {figures['flood']:,} requests, {figures['flood_rps']:,} a second")
    print(f"  the filter refused {figures['refused_by_filter']:,} and let {figures['false_positives']:,} pass")
    print(f"  {figures['origin_calls']:,} calls of the source of truth ({figures['origin_share']:.4%}), {figures['redis_calls']:,} of Redis")
    print(f"links in use {figures['redirects']:,} redirects, {figures['hit_ratio']:.2%} from the edges' own caches")
