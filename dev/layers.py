"""What a redirect takes by where its link is found: in the edge, in Redis, or at the API; at the client and inside the process."""

import math
import re
import socket
import time

from cluster import Cluster
from harness import fetch, say
from load import percentile, read_response

LINKS = 2_000
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
# What the redirect path is allowed to take, in milliseconds: p50 and p95 of each way.
BUDGET_MS = {"l1": (5, 15), "l2": (6.5, 18), "origin": (17, 45)}


def visit(edge, slugs):
    """Asks for links one after the other, on one connection; how long each took, in microseconds."""
    times = []
    with socket.create_connection(("127.0.0.1", edge.edge), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = connection.makefile("rb")
        for slug in slugs:
            start = time.perf_counter()
            connection.sendall(f"GET /{slug} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            status, _ = read_response(answers)
            times.append((time.perf_counter() - start) * 1e6)
            assert status == 302, status
    return times


def buckets(edge, layer):
    """How many redirects of a layer took at most so many seconds."""
    text = fetch(f"http://127.0.0.1:{edge.internal}/metrics")
    counts = {}
    for labels, count in re.findall(r"elido_redirect_latency_seconds_bucket\{(.*)\} (\d+)", text):
        if f'cache="{layer}"' in labels:
            counts[float(re.search(r'le="([^"]+)"', labels)[1].replace("+Inf", "inf"))] = int(count)
    return counts


def inside_us(before, after, share):
    """A percentile from the buckets that were filled in between: the upper end of its bucket, in microseconds."""
    added = {bound: count - before.get(bound, 0) for bound, count in after.items()}
    wanted = math.ceil(max(added.values()) * share)
    return min(bound for bound, count in added.items() if count >= wanted) * 1e6


def measure_layer(edge, layer, slugs):
    """Asks for links that are found in this layer. Gives back the percentiles, at the client and inside."""
    before = buckets(edge, layer)
    times = visit(edge, slugs)
    after = buckets(edge, layer)
    found = max(after.values()) - max(before.values(), default=0)
    figures = {f"{layer}_client_{name}_us": round(percentile(times, share)) for name, share in SHARES.items()}
    figures |= {f"{layer}_inside_{name}_us": round(inside_us(before, after, share)) for name, share in SHARES.items()}
    return figures | {f"{layer}_found_share": round(found / len(slugs), 3)}


def measure(executable):
    """All three layers in turn."""
    with Cluster(executable, edges=1) as cluster:
        say("measuring the layers of the cache")
        links = cluster.create_links(2 * LINKS, lambda number: f"https://example.com/{number}")
        slugs = [link["slug"] for link in links]
        edge = cluster.edges[0]
        visit(edge, slugs[:1])
        # The API has written all of them through to Redis.
        figures = measure_layer(edge, "l2", slugs[1:LINKS])
        figures |= measure_layer(edge, "l1", slugs[1:LINKS])
        for port in cluster.redis.running():
            cluster.redis.ask(port, "flushall")
        figures |= measure_layer(edge, "origin", slugs[LINKS:])
    return figures


def show(figures):
    print(f"\n{'found in':10}{'client µs: p50':>16}{'p95':>8}{'p99':>8}{'inside µs: p50':>18}{'p95':>8}{'p99':>8}{'budget ms: p50':>18}{'p95':>6}")
    for layer, (p50, p95) in BUDGET_MS.items():
        client = [figures[f"{layer}_client_{name}_us"] for name in SHARES]
        inside = [figures[f"{layer}_inside_{name}_us"] for name in SHARES]
        print(f"{layer:10}{client[0]:16,}{client[1]:8,}{client[2]:8,}{inside[0]:18,}{inside[1]:8,}{inside[2]:8,}{p50:18}{p95:6}", flush=True)
