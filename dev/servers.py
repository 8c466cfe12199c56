"""The servers that Elido depends on, as processes that may be paused, killed and started again."""

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from harness import ROOT, die, free_ports

WORK_FOLDER = os.environ.get("ELIDO_WORK_FOLDER", "/var/tmp")
# How long a node of a Redis Cluster may be silent before its replica takes its place: longer than a busy machine keeps it waiting.
REDIS_NODE_TIMEOUT_MS = 15_000


def wait_until(what, condition, seconds):
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            die(f"no {what} within {seconds} s")
        time.sleep(0.02)


def send_signal(pids, what):
    """Sends a signal to processes, some of which may be gone."""
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            pass


class Postgres:
    """The server of dev/services/postgres, in a folder of its own. A durable one forces its data to the disk, as those who are measured have to."""

    def __init__(self, durable=False):
        self.folder = Path(tempfile.mkdtemp(prefix="elido-postgres-", dir=WORK_FOLDER)) / "server"
        # The server is another user, who has to get there.
        self.folder.parent.chmod(0o755)
        self.url = self.service("durable" if durable else "start")

    def service(self, command):
        variables = os.environ | {"ELIDO_POSTGRES_FOLDER": str(self.folder)}
        script = [ROOT / "dev/services/postgres", command]
        return subprocess.run(script, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def new_database(self, name):
        """An empty database whose commits outlive a crash of the server; how Elido reaches it."""
        for command in (f"CREATE DATABASE {name}", f"ALTER DATABASE {name} SET synchronous_commit = on"):
            subprocess.run(["psql", "--quiet", "--no-psqlrc", self.url, "--command", command], check=True)
        return f"{self.url.rpartition('/')[0]}/{name}"

    def crash(self):
        """Ends the server without warning, and starts it again."""
        self.service("crash")

    def pids(self):
        """The server, and its process for each connection."""
        try:
            main = int((self.folder / "data/postmaster.pid").read_text().split()[0])
            return [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]
        except FileNotFoundError:
            return []

    def remove(self):
        # A paused server would not notice that it shall end.
        send_signal(self.pids(), signal.SIGKILL)
        shutil.rmtree(self.folder.parent, ignore_errors=True)


class Service:
    """A server of dev/services, one process in a folder of its own; `variables` are what its script reads besides."""

    def __init__(self, name, variables=()):
        self.name, self.variables = name, dict(variables)
        self.folder = Path(tempfile.mkdtemp(prefix=f"elido-{name}-", dir=WORK_FOLDER)) / "server"
        self.url = self.service("start")

    def service(self, command):
        variables = os.environ | self.variables | {f"ELIDO_{self.name.upper()}_FOLDER": str(self.folder)}
        # One that somebody else has may not be killed.
        variables.pop("CLICKHOUSE_URL", None)
        script = [ROOT / "dev/services" / self.name, command]
        return subprocess.run(script, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def pid(self):
        return int((self.folder / "pid").read_text())

    def pause(self):
        """Connections stay open, and nobody answers."""
        send_signal([self.pid()], signal.SIGSTOP)

    def resume(self):
        send_signal([self.pid()], signal.SIGCONT)

    def kill(self):
        pid = self.pid()
        send_signal([pid], signal.SIGKILL)
        wait_until(f"end of {self.name}", lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3], 10)

    def again(self):
        """Starts it on what is there."""
        self.service("again")

    def remove(self):
        send_signal([self.pid()], signal.SIGKILL)
        shutil.rmtree(self.folder.parent, ignore_errors=True)


class Kafka(Service):
    """The server of dev/services/kafka. `proxies` are pairs of a port on which it listens too, and of the one where a proxy in front of that is."""

    def __init__(self, proxies=()):
        super().__init__("kafka", {"ELIDO_KAFKA_PROXIES": " ".join(f"{port}:{proxy}" for port, proxy in proxies)})


class ClickHouse(Service):
    """The server of dev/services/clickhouse."""

    def __init__(self):
        super().__init__("clickhouse")

    def ask(self, query):
        """The rows that a query answers, as texts."""
        request = urllib.request.Request(f"http://{self.url.rpartition('@')[2].rpartition('/')[0]}/", data=query.encode())
        user, _, password = self.url.partition("://")[2].rpartition("@")[0].partition(":")
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return [line.split("\t") for line in answer.read().decode().splitlines()]


class Redis:
    """Debian's redis-server: one node, or a cluster of three primaries with a replica each. It keeps nothing on disk."""

    def __init__(self, is_cluster, node_timeout_ms=REDIS_NODE_TIMEOUT_MS):
        self.folder = Path(tempfile.mkdtemp(prefix="elido-redis-", dir=WORK_FOLDER))
        self.is_cluster, self.node_timeout_ms = is_cluster, node_timeout_ms
        ports = free_ports(12 if is_cluster else 1)
        self.ports, self.bus_ports = (ports[:6], ports[6:]) if is_cluster else (ports, ports)
        self.processes = {}
        self.start()
        if is_cluster:
            self.make_cluster()

    def make_cluster(self):
        addresses = [f"127.0.0.1:{port}" for port in self.ports]
        command = ["redis-cli", "--cluster", "create", *addresses, "--cluster-replicas", "1", "--cluster-yes"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wait_until("Redis Cluster", self.is_whole, 120)

    def url(self, port=None):
        """How Elido reaches it; `port` is that of a proxy in front of a single node."""
        if not self.is_cluster:
            return f"redis://127.0.0.1:{port or self.ports[0]}"
        others = "&".join(f"node=127.0.0.1:{port}" for port in self.ports[1:])
        return f"redis-cluster://127.0.0.1:{self.ports[0]}?{others}"

    def start(self):
        """Starts every node that does not run. Nothing is in it, but a node of a cluster still knows the others."""
        for port, bus_port in zip(self.ports, self.bus_ports):
            if port not in self.processes or self.processes[port].poll() is not None:
                self.processes[port] = self.start_node(port, bus_port)
        wait_until("answer of Redis", lambda: all(self.ask(port, "ping") == "PONG" for port in self.ports), 60)

    def start_node(self, port, bus_port):
        folder = self.folder / str(port)
        folder.mkdir(exist_ok=True)
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        if self.is_cluster:
            options += ["--cluster-enabled", "yes", "--cluster-port", str(bus_port)]
            options += ["--cluster-node-timeout", str(self.node_timeout_ms)]
        with open(folder / "log", "ab") as log:
            return subprocess.Popen(["redis-server", *options], stdout=log)

    def ask(self, port, *command):
        return subprocess.run(["redis-cli", "-p", str(port), *command], capture_output=True, text=True).stdout.strip()

    def running(self):
        return [port for port, process in self.processes.items() if process.poll() is None]

    def is_whole(self):
        """Whether every node that runs says that all of the cluster can be used."""
        return all("cluster_state:ok" in self.ask(port, "cluster", "info") for port in self.running())

    def kill(self, ports=None):
        """Kills these nodes, or all."""
        for port in ports or self.ports:
            self.processes[port].kill()
            self.processes[port].wait()

    def a_primary(self):
        """The port of a node that is a primary now."""
        return next(port for port in self.running() if "role:master" in self.ask(port, "info", "replication"))

    def pids(self):
        return [self.processes[port].pid for port in self.running()]

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder)
