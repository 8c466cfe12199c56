"""Edges behind a balancer are restarted one by one, and no request fails. HAProxy asks each edge whether it is ready; an edge that
shall end says that it is not, and serves on until the balancer has noticed.
"""

import time

from balancer import BALANCER_WAIT_MS, Balancer
from cluster import Cluster
from harness import die, say
from load import Load, ask_once, failures
from servers import wait_until

SIZES = {
    "seconds": ("length of the load, in which all edges are restarted", 40, 15),
    "links": ("links that the load asks for", 1000, 200),
    "rate": ("requests per second, in all", 1000, 300),
}

def run(arguments):
    settings = {"shutdown.balancer_wait_ms": BALANCER_WAIT_MS}
    with Cluster(arguments.executable, settings=settings) as cluster:
        links = cluster.create_links(arguments.links, lambda number: f"https://example.com/{number}")
        for edge in cluster.edges:
            ask_once(edge, links)
        balancer = Balancer(cluster.api.folder, cluster.parts, [(edge.edge, edge.internal) for edge in cluster.edges])
        base = f"http://127.0.0.1:{balancer.port}"
        load = Load(arguments.executable, cluster.api.folder, [f"{base}/{link['slug']}" for link in links],
                    "--rate", arguments.rate, "--duration", arguments.seconds, "--zipf", 1)
        seconds = []
        for number, edge in enumerate(cluster.edges):
            time.sleep(1)
            say(f"restarting edge {number + 1}")
            start = time.monotonic()
            edge.stop()
            edge.start("edge")
            wait_until("edge behind the balancer", lambda: balancer.sees(number), 30)
            seconds.append(time.monotonic() - start)
        if not load.is_running():
            die("the load ended before the last edge was back: give it more seconds")
        figures = load.end()
    print(f"\n{figures['requests']:,} requests while edges restarted in {', '.join(f'{each:.1f}' for each in seconds)} s")
    failed = failures(figures)
    broken = ["no request fails"] if failed else []
    return {
        "requests": figures["requests"], "failed": failed, "restarts": len(seconds), "restart_seconds_max": round(max(seconds), 1),
        "p99_us": figures["p99_us"], "max_us": figures["max_us"],
    }, broken
