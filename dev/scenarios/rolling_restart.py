"""Edges behind a balancer are restarted one by one, and no request fails. HAProxy asks each edge whether it is ready; an edge that
shall end says that it is not, and serves on until the balancer has noticed.
"""

import csv
import subprocess
import time

from cluster import Cluster
from harness import die, fetch, free_ports, say, shell
from load import Load, ask_once, failures
from servers import wait_until

SIZES = {
    "seconds": ("length of the load, in which all edges are restarted", 40, 15),
    "links": ("links that the load asks for", 1000, 200),
    "rate": ("requests per second, in all", 1000, 300),
}
CHECK_INTERVAL_MS = 200
# Several checks: the balancer has noticed by then.
BALANCER_WAIT_MS = 1000


class Balancer:
    """HAProxy in front of edges."""

    def __init__(self, cluster):
        self.port, self.statistics = free_ports(2)
        servers = "\n".join(
            f"  server edge{number} 127.0.0.1:{edge.edge} check port {edge.internal} inter {CHECK_INTERVAL_MS}ms fall 1 rise 1"
            for number, edge in enumerate(cluster.edges)
        )
        file = cluster.api.folder / "haproxy.cfg"
        file.write_text(f"""global
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend redirects
  bind 127.0.0.1:{self.port}
  default_backend edges
backend edges
  balance roundrobin
  option httpchk GET /readyz
{servers}
frontend statistics
  bind 127.0.0.1:{self.statistics}
  stats enable
  stats uri /
""")
        self.process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-q", "-f", file])
        cluster.parts.callback(self.process.wait)
        cluster.parts.callback(self.process.kill)
        for number in range(len(cluster.edges)):
            wait_until("balancer", lambda: self.sees(number), 10)

    def sees(self, number):
        """Whether this edge gets requests."""
        try:
            rows = list(csv.DictReader(fetch(f"http://127.0.0.1:{self.statistics}/;csv").splitlines()))
        except OSError:
            return False
        return any(row["svname"] == f"edge{number}" and row["status"].startswith("UP") for row in rows)


def run(arguments):
    shell("need_packages haproxy")
    settings = {"shutdown.balancer_wait_ms": BALANCER_WAIT_MS}
    with Cluster(arguments.executable, settings=settings) as cluster:
        links = cluster.create_links(arguments.links, lambda number: f"https://example.com/{number}")
        for edge in cluster.edges:
            ask_once(edge, links)
        balancer = Balancer(cluster)
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
