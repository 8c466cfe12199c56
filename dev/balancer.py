"""HAProxy in front of processes that say whether they are ready, as a Service of Kubernetes or any other balancer is."""

import csv
import subprocess

from harness import fetch, free_ports, shell
from servers import wait_until

CHECK_INTERVAL_MS = 200
# Several checks: the balancer has noticed by then.
BALANCER_WAIT_MS = 3000


class Balancer:
    """Spreads requests over processes, each by its port and the one where it says whether it is ready; or connections, with the mode `tcp`. Ends
    with `parts`."""

    def __init__(self, folder, parts, processes, mode="http"):
        shell("need_packages haproxy")
        self.port, self.statistics = free_ports(2)
        servers = "\n".join(
            f"  server process{number} 127.0.0.1:{port} check port {internal} inter {CHECK_INTERVAL_MS}ms fall 1 rise 1"
            for number, (port, internal) in enumerate(processes)
        )
        file = folder / f"haproxy-{self.port}.cfg"
        file.write_text(f"""global
  maxconn 2000
defaults
  mode {mode}
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  timeout check 2s
frontend requests
  bind 127.0.0.1:{self.port}
  default_backend processes
backend processes
  balance roundrobin
  option httpchk GET /readyz
{servers}
frontend statistics
  mode http
  bind 127.0.0.1:{self.statistics}
  stats enable
  stats uri /
""")
        self.process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-q", "-f", file])
        parts.callback(self.process.wait)
        parts.callback(self.process.kill)
        for number in range(len(processes)):
            wait_until("balancer", lambda number=number: self.sees(number), 60)

    def sees(self, number):
        """Whether this process gets requests."""
        try:
            rows = list(csv.DictReader(fetch(f"http://127.0.0.1:{self.statistics}/;csv").splitlines()))
        except OSError:
            return False
        return any(row["svname"] == f"process{number}" and row["status"].startswith("UP") for row in rows)
