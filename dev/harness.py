"""What dev/bench, dev/demo and dev/api-conformance share: an Elido of their own, its API, and the RESULT line.

Only the standard library is used.
"""

import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMAIL = "someone@example.com"
PASSWORD = "a password for one run"
# Below those that the kernel gives to outgoing connections, and so low that 10,000 more (the bus of a Redis Cluster) is as well. Of
# what runs beside one another each has a range of its own: a server that was killed must find its port free.
SERVER_PORTS = range(*map(int, os.environ.get("ELIDO_SERVER_PORTS", "10000 22000").split()))
# Those that were given out: whoever has them may listen there later.
GIVEN_PORTS = set()


def say(text):
    """What happens next, for people."""
    print(f"\033[1m==> {text}\033[0m", file=sys.stderr, flush=True)


def die(text):
    """Ends the run, which then has no result."""
    sys.exit(f"error: {text}")


def result(figures):
    """The last line, for scripts."""
    print("RESULT " + json.dumps(figures), flush=True)


def shell(command):
    """Runs a function of dev/lib.sh."""
    subprocess.run(["bash", "-c", f". dev/lib.sh && {command}"], cwd=ROOT, check=True, stdout=sys.stderr)


@contextlib.contextmanager
def alone_in(folder):
    """Others that install tools into the same folder wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(profile):
    """Builds the executable and says where it is."""
    shell("need_toolchain")
    say(f"building (profile {profile})")
    # A test beside it has dependencies built with the features that tests want of them: otherwise all are built twice.
    beside = ["--test", "tidy"] if profile == "dev" else []
    subprocess.run(["cargo", "build", "--locked", "--bin", "elido", "--profile", profile, *beside], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / ("debug" if profile == "dev" else profile) / "elido"


def free_ports(count):
    """Ports that nobody uses now, and that no outgoing connection takes before, or between, the starts of a server."""
    ports = []
    for port in random.sample(SERVER_PORTS, len(SERVER_PORTS)):
        if port in GIVEN_PORTS:
            continue
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.append(port)
        if len(ports) == count:
            GIVEN_PORTS.update(ports)
            return ports
    die(f"no {count} ports of {SERVER_PORTS} are free")


class Elido:
    """One installation on a data folder of its own, which may be started several times."""

    def __init__(self, executable, settings=()):
        self.executable = executable
        self.folder = Path(tempfile.mkdtemp(prefix="elido-", dir=os.environ.get("ELIDO_WORK_FOLDER", "/var/tmp")))
        self.edge, self.api_port, self.internal, self.grpc = free_ports(4)
        self.settings = {
            "data_folder": self.folder / "data",
            "edge.listen": f"127.0.0.1:{self.edge}",
            "api.listen": f"127.0.0.1:{self.api_port}",
            "api.public_url": f"http://127.0.0.1:{self.api_port}",
            "internal.listen": f"127.0.0.1:{self.internal}",
            "grpc.listen": f"127.0.0.1:{self.grpc}",
            "links.default_domain_url": f"http://127.0.0.1:{self.edge}",
            "api.rate_limit_per_minute": 100_000_000,
            "api.rate_limit_burst": 1_000_000,
            "api.workspace_rate_limit_per_minute": 100_000_000,
            "api.workspace_rate_limit_burst": 1_000_000,
            "log.filter": "warn",
            **dict(settings),
        }
        self.environment = {}
        # What the process is started by.
        self.prefix = []
        self.process = None
        self.token = None
        self.log = open(self.folder / "log", "ab")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, roles):
        """Starts these roles and waits until they are ready."""
        variables = {f"ELIDO_{key.upper().replace('.', '__')}": str(value) for key, value in self.settings.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ELIDO_")}
        command = [*self.prefix, self.executable, "run", "--role", roles]
        self.process = subprocess.Popen(command, env=inherited | self.environment | variables, stdout=self.log, stderr=self.log)
        self.wait_for("readiness", lambda: fetch(f"http://127.0.0.1:{self.internal}/readyz"), 180)

    def stop(self):
        """Asks the process to end and waits until it has."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=180) != 0:
            die(f"elido ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self):
        """The last log lines."""
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-20:])

    def wait_for(self, what, condition, seconds):
        """Waits until `condition` gives something that is true, and gives that back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                die(f"elido ended by itself:\n{self.tail()}")
            try:
                if found := condition():
                    return found
            except OSError:
                pass
            time.sleep(0.05)
        die(f"no {what} within {seconds} s:\n{self.tail()}")

    def first_account(self):
        """Makes the first account and signs in; gives back the id of a new workspace."""
        account = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
        secret = (Path(self.settings["data_folder"]) / "bootstrap-secret").read_text().strip()
        headers = {"content-type": "application/json", "authorization": f"Bearer {secret}"}
        fetch(f"http://127.0.0.1:{self.internal}/internal/admin/bootstrap", account, headers)
        self.token = self.api("POST", "/v1/auth/sign-in", {"email": EMAIL, "password": PASSWORD})["token"]
        return self.api("POST", "/v1/workspaces", {"name": "Real input", "slug": "real-input"})["id"]

    def api(self, method, path, body=None):
        """One call of the API; its response as JSON."""
        return json.loads(self.api_text(method, path, body))

    def api_text(self, method, path, body=None):
        """One call of the API; its response as text."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        return fetch(f"http://127.0.0.1:{self.api_port}{path}", data, headers, method)

    def create_links(self, workspace, drafts):
        """Creates links in batches. Gives back, in order, a link or the problem that kept it from being made."""
        made = []
        for start in range(0, len(drafts), 1000):
            body = {"links": drafts[start : start + 1000]}
            results = self.api("POST", f"/v1/workspaces/{workspace}/links/bulk", body)["results"]
            made.extend(each.get("link") or each["problem"] for each in results)
        return made

    def metric(self, name, **labels):
        """The sum of all samples of a metric that have these labels."""
        text = fetch(f"http://127.0.0.1:{self.internal}/metrics")
        total = 0.0
        for line in text.splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name:
                given = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
                if all(given.get(label) == value for label, value in labels.items()):
                    total += float(found[3])
        return total

    def cpu_seconds(self):
        """Processor time that the process has used so far."""
        return cpu_seconds(self.process.pid)


def cpu_seconds(pid):
    """Processor time of one process, with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fetch(url, data=None, headers=None, method=None):
    """The body of a response. Statuses from 400 up end the run, except 503, which is an OSError."""
    headers = headers or {"content-type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        if error.code == 503:
            raise
        die(f"{request.get_method()} {url} answered {error.code}: {error.read().decode()[:1000]}")
