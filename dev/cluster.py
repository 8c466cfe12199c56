"""A cluster as operators run it, as real processes on this machine: edges, an API, workers, PostgreSQL and Redis."""

import json
import signal
from contextlib import ExitStack

import proxy
from harness import Elido, fetch, free_ports, say, shell
from servers import REDIS_NODE_TIMEOUT_MS, Postgres, Redis, send_signal, wait_until

EDGES = 3


class Cluster:
    """Edges, each on a folder of its own, and what is behind them.

    `settings` are those of the edges. With `redis_proxy` or `origin_delay_ms` a proxy is between them and a single node of Redis,
    or the API. With a short `redis_node_timeout_ms` a replica of Redis Cluster takes over soon.
    """

    def __init__(self, executable, edges=EDGES, edge_roles="edge", settings=(), redis_proxy=False, origin_delay_ms=0, redis_node_timeout_ms=REDIS_NODE_TIMEOUT_MS):
        shell("need_packages redis-server redis-tools")
        self.edge_roles = edge_roles
        self.parts = ExitStack()
        self.redis_proxy = None
        try:
            self.start(executable, edges, dict(settings), redis_proxy, origin_delay_ms, redis_node_timeout_ms)
        except BaseException:
            self.parts.close()
            raise

    def start(self, executable, edges, settings, redis_proxy, origin_delay_ms, redis_node_timeout_ms):
        say(f"starting PostgreSQL, {'Redis' if redis_proxy else 'Redis Cluster'}, an API, workers and {edges} edges")
        self.postgres = Postgres()
        self.parts.callback(self.postgres.remove)
        self.redis = Redis(not redis_proxy, redis_node_timeout_ms)
        self.parts.callback(self.redis.remove)
        self.api = Elido(executable, {"database.url": self.postgres.url, "cache.url": self.redis.url()})
        self.parts.enter_context(self.api)
        self.api.start("api")
        self.workspace = self.api.first_account()
        self.workers = Elido(executable, {"database.url": self.postgres.url, "cache.url": self.redis.url()})
        self.parts.enter_context(self.workers)
        self.workers.start("workers")

        redis_url, origin_port = self.redis.url(), self.api.grpc
        if redis_proxy:
            self.redis_proxy, port = self.start_proxy(self.redis.ports[0], 0)
            redis_url = self.redis.url(port)
        if origin_delay_ms:
            _, origin_port = self.start_proxy(self.api.grpc, origin_delay_ms)
        wiring = {"cache.url": redis_url, "grpc.origin_url": f"http://127.0.0.1:{origin_port}"}
        self.edges = [self.parts.enter_context(Elido(executable, wiring | settings)) for _ in range(edges)]
        for edge in self.edges:
            edge.start(self.edge_roles)

    def start_proxy(self, target, delay_ms):
        port = free_ports(1)[0]
        process = proxy.start(port, target, delay_ms)
        self.parts.callback(process.wait)
        self.parts.callback(process.kill)
        return process, port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.parts.close()

    def create_links(self, count, destination):
        """Creates links to `destination(number)` and gives them back once every edge has heard of them."""
        wait_until("state of health", self.is_healthy, 120)
        say(f"making {count} links")
        before = self.changes_heard()
        links = self.api.create_links(self.workspace, [{"destination_url": destination(number)} for number in range(count)])
        # Until then an edge takes them for slugs that nobody has made, and its 404 is a click like any other.
        wait_until("edges that have heard of the links", lambda: self.changes_heard() >= before + count * len(self.edges), 120)
        return links

    def changes_heard(self):
        """How many changes of keys the edges have heard of, all together."""
        return self.metric("elido_link_cache_invalidations_total")

    def is_healthy(self):
        """Whether no edge misses anything."""
        try:
            reports = [json.loads(fetch(f"http://127.0.0.1:{edge.internal}/readyz")) for edge in self.edges]
        except OSError:
            return False
        return all(condition == "up" for report in reports for condition in report["checks"].values())

    def behind(self):
        """The processes of everything behind the edges."""
        return [self.api.process.pid, self.workers.process.pid, *self.redis.pids(), *self.postgres.pids()]

    def pause(self):
        """Stops everything behind the edges where it is: connections stay open and nobody answers."""
        send_signal(self.behind(), signal.SIGSTOP)

    def resume(self):
        """Lets everything behind the edges go on."""
        send_signal(self.behind(), signal.SIGCONT)

    def kill(self):
        """Kills everything behind the edges."""
        send_signal(self.behind(), signal.SIGKILL)

    def metric(self, name, **labels):
        """The sum of a metric over all edges."""
        return int(sum(edge.metric(name, **labels) for edge in self.edges))
