"""Edges behind a balancer are restarted one by one, and no request fails. HAProxy asks each edge whether it is ready; an edge that
shall end says that it is not, and serves on until the balancer has noticed.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from balancer import BALANCER_WAIT_MS, Balancer
from cluster import Cluster
from harness import say
from load import Load, ask_once, failures
from servers import wait_until

SIZES = {
    "seconds": ("length of one load; another follows until all edges are back", 40, 5),
    "links": ("links that the load asks for", 1000, 200),
    "rate": ("requests per second, in all", 1000, 300),
}


def load_until(stopping, start):
    """Starts one load after another until it is told to stop; the figures of each."""
    figures = [start().end()]
    while not stopping.is_set():
        figures.append(start().end())
    return figures


def restart(edges, balancer):
    """Restarts one edge after the other; how many seconds each was away."""
    seconds = []
    for number, edge in enumerate(edges):
        time.sleep(1)
        say(f"restarting edge {number + 1}")
        start = time.monotonic()
        edge.stop()
        edge.start("edge")
        wait_until("edge behind the balancer", lambda: balancer.sees(number), 120)
        seconds.append(time.monotonic() - start)
    return seconds


def run(arguments):
    settings = {"shutdown.balancer_wait_ms": BALANCER_WAIT_MS}
    with Cluster(arguments.executable, settings=settings) as cluster:
        links = cluster.create_links(arguments.links, lambda number: f"https://example.com/{number}")
        for edge in cluster.edges:
            ask_once(edge, links)
        balancer = Balancer(cluster.api.folder, cluster.parts, [(edge.edge, edge.internal) for edge in cluster.edges])
        base = f"http://127.0.0.1:{balancer.port}"
        options = ("--rate", arguments.rate, "--duration", arguments.seconds, "--zipf", 1)
        start = lambda: Load(arguments.executable, cluster.api.folder, [f"{base}/{link['slug']}" for link in links], *options)
        stopping = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            loads = pool.submit(load_until, stopping, start)
            try:
                seconds = restart(cluster.edges, balancer)
            finally:
                stopping.set()
            figures = loads.result()
    requests, failed = sum(each["requests"] for each in figures), sum(map(failures, figures))
    print(f"\n{requests:,} requests while edges restarted in {', '.join(f'{each:.1f}' for each in seconds)} s")
    broken = ["no request fails"] if failed else []
    return {
        "requests": requests, "failed": failed, "restarts": len(seconds), "restart_seconds_max": round(max(seconds), 1),
        **{name: max(each[name] for each in figures) for name in ("p99_us", "max_us")},
    }, broken
