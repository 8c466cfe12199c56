"""Memory stays flat, and every click arrives. An edge, with its ingester beside it, works for a long time at half of what both can answer
and store. The memory of the process after the warm-up and at the end may hardly differ, and every redirect has to be in the click store.
"""

import time

from cluster import Cluster
from harness import say
from load import Load, ask_once, failures, urls
from servers import wait_until

SIZES = {
    "minutes": ("length of the load", 30.0, 0.25),
    "links": ("links that the load asks for", 10_000, 500),
    "seconds": ("length of the run that finds the maximum", 20, 2),
}
# The share of the time that counts as warm-up, and by how much memory may grow after it.
WARM_UP = 0.1
GROWTH_MAX = 1.10
SAMPLES = 10


def megabytes(edge):
    return edge.metric("elido_resident_memory_bytes") / 2**20


def stored(edge):
    return edge.metric("elido_ingester_clicks_total", result="stored")


def wait_for_clicks(edge, seconds):
    """Until every redirect is in the click store: how many there are."""
    answered = edge.metric("elido_redirect_requests_total", status="302")
    wait_until("stored clicks", lambda: time.sleep(0.5) or stored(edge) >= answered, 60 + 10 * seconds)
    return int(answered)


def sustained(edge, asked, seconds):
    """How many redirects per second are answered and stored."""
    before, start = stored(edge), time.monotonic()
    Load(*asked, "--duration", seconds).end()
    return (wait_for_clicks(edge, seconds) - before) / (time.monotonic() - start)


def run(arguments):
    with Cluster(arguments.executable, edges=1, edge_roles="edge,ingester") as cluster:
        [edge] = cluster.edges
        links = cluster.create_links(arguments.links, lambda number: f"https://example.com/{number}")
        ask_once(edge, links)
        asked = (arguments.executable, cluster.api.folder, urls(cluster.edges, links), "--zipf", 1)
        say("finding the maximum")
        most = sustained(edge, asked, arguments.seconds)
        rate, seconds = max(1, round(most / 2)), round(arguments.minutes * 60)
        say(f"{rate} requests per second, half of {most:.0f}, for {seconds} s")
        load = Load(*asked, "--rate", rate, "--duration", seconds)
        samples = watch_memory(edge, seconds)
        figures = load.end()
        answered = wait_for_clicks(edge, seconds)
        clicks, dropped = int(stored(edge)), int(edge.metric("elido_journal_drops_total"))
    start, end = samples[0][1], samples[-1][1]
    for second, size in samples:
        print(f"{second:6.0f} s {size:8.1f} MB")
    broken = []
    if end > start * GROWTH_MAX and not arguments.short:
        broken.append(f"memory grows by at most {GROWTH_MAX - 1:.0%}")
    if clicks != answered:
        broken.append("every redirect is stored exactly once")
    if failures(figures):
        broken.append("no redirect fails")
    return {
        "minutes": arguments.minutes, "max_rps": round(most), "rps": figures["requests_per_s"], "rss_start_mb": round(start, 1),
        "rss_end_mb": round(end, 1), "rss_ratio": round(end / start, 3), "failed": failures(figures), "p99_us": figures["p99_us"],
        "redirects_answered": answered, "clicks_stored": clicks, "clicks_dropped": dropped,
    }, broken


def watch_memory(edge, seconds):
    """The memory of a process from the end of the warm-up on: after how many seconds, and how much it is."""
    start, samples = time.monotonic(), []
    for number in range(SAMPLES + 1):
        due = seconds * (WARM_UP + (1 - WARM_UP) * number / SAMPLES)
        time.sleep(max(0, start + due - time.monotonic()))
        samples.append((due, megabytes(edge)))
    return samples
