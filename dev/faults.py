"""What the scenarios of failing disks and clocks share: the preloaded library, writers and visitors that remember what they
were told, and the account at the end.
"""

import http.client
import json
import mmap
import os
import random
import shutil
import struct
import subprocess
import threading
import time
from pathlib import Path

from harness import ROOT, Elido, say, shell

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
LINKS = 12
# An edit that was answered is served by then.
STALE_AFTER_S = 1.0
# So long all may take to be well again by itself: the longest pause between two tries is 10 s.
WELL_WITHIN_S = 40
SETTINGS = {
    "edge.workers": 2, "edge.journal.segment_bytes": 1024 * 1024, "edge.journal.sync_interval_ms": 200, "edge.cache.snapshot_interval_seconds": 1,
    "log.filter": "warn",
}
INCLUDE_ALL = "from=1990-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&include=bots,previews,prefetches,heads"


def library():
    """Builds the library to preload."""
    shell("need_packages gcc libc6-dev")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "faults"
    target.mkdir(parents=True, exist_ok=True)
    built = target / "faults.so"
    command = ["gcc", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", built, ROOT / "dev/faults/faults.c", "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return built


class Faults:
    """What the preloaded library is told, and what it counts: `struct control` of dev/faults/faults.c."""

    FORM = struct.Struct("=IIQqQQQQQ")
    NAMES = ("failing", "one_in", "state", "clock_offset", "calls", "no_space", "io_errors", "short_writes", "syncs")

    def __init__(self, built, elido, seed, one_in=1, shadow=False):
        path = elido.folder / "faults"
        path.write_bytes(self.FORM.pack(0, one_in, seed, 0, 0, 0, 0, 0, 0))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), self.FORM.size)
        elido.environment = {"LD_PRELOAD": str(built), "FAULTS_CONTROL": str(path), "FAULTS_FOLDER": str(elido.folder / "data")}
        if shadow:
            (elido.folder / "shadow").mkdir()
            elido.environment["FAULTS_SHADOW"] = str(elido.folder / "shadow")

    def __getattr__(self, name):
        return self.FORM.unpack(self.memory[:])[self.NAMES.index(name)]

    def fail(self, failing):
        """Lets calls fail from now on, or none."""
        self.memory[0:4] = struct.pack("=I", failing)

    def step_clock(self, seconds):
        """Sets the wall clock of the process so far ahead, or back."""
        self.memory[16:24] = struct.pack("=q", int(seconds * 1e6))

    @property
    def injected(self):
        return self.no_space + self.io_errors + self.short_writes


class Link:
    """One link: what was answered of it, and what may have happened since."""

    def __init__(self, slug):
        self.slug, self.id = slug, None
        self.answered, self.answered_at = None, 0.0
        self.possible = set()

    def told(self, version):
        """A write was answered; what came before it no longer counts."""
        self.answered, self.answered_at, self.possible = version, time.monotonic(), set()

    def may_be(self, version):
        """A write was not answered, or not with success."""
        self.possible.add(version)

    def values(self):
        return {self.answered} | self.possible


class Account:
    """Writers and visitors of one installation."""

    def __init__(self, elido, workspace, seed):
        self.elido, self.workspace = elido, workspace
        self.links = [Link(f"link{number}") for number in range(LINKS)]
        self.random = random.Random(seed)
        self.writes = self.refused = self.odd = self.redirects = self.other = self.stale = 0
        self.stopping = threading.Event()
        self.guard = threading.Lock()

    def make_links(self):
        drafts = [{"destination_url": destination(0), "slug": link.slug} for link in self.links]
        for link, made in zip(self.links, self.elido.create_links(self.workspace, drafts)):
            link.id = made["id"]
            link.told(0)

    def __enter__(self):
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.write, self.visit, self.visit)]
        [thread.start() for thread in self.threads]
        return self

    def __exit__(self, *_):
        self.stopping.set()
        [thread.join() for thread in self.threads]

    def write(self):
        """Edits links one after the other, each time to a version that was never there."""
        version, client = 0, Client(self.elido.api_port)
        while not self.stopping.is_set():
            version += 1
            link = self.random.choice(self.links)
            with self.guard:
                link.may_be(version)
            status, text = client.send("PATCH", f"/v1/workspaces/{self.workspace}/links/{link.id}", {"destination_url": destination(version)}, self.elido.token)
            with self.guard:
                if status == 200:
                    self.writes += 1
                    link.told(version)
                elif status in (None, 503, 504):
                    self.refused += 1
                else:
                    self.odd += 1
                    if self.odd == 1:
                        say(f"a write was answered {status}: {text[:200]}")
            time.sleep(0.005)

    def visit(self):
        client, chance = Client(self.elido.edge), random.Random(self.random.random())
        while not self.stopping.is_set():
            link = chance.choice(self.links)
            asked_at = time.monotonic()
            with self.guard:
                oldest = 0 if asked_at - link.answered_at < STALE_AFTER_S else link.answered
            status, location = client.send("GET", f"/{link.slug}")
            with self.guard:
                if status != 302:
                    self.other += 1
                    continue
                self.redirects += 1
                # Each edit has a higher number than those before it, and any that came meanwhile is right as well.
                self.stale += (number_of(location) or 0) < oldest
            time.sleep(0.002)

    def lost(self):
        """How many links are not as the last answered write left them."""
        client = Client(self.elido.api_port)
        lost = 0
        for link in self.links:
            status, text = client.send("GET", f"/v1/workspaces/{self.workspace}/links/{link.id}", token=self.elido.token)
            known = status == 200 and number_of(json.loads(text)["destination_url"]) in link.values()
            lost += not known
        return lost

    def wrong_redirects(self):
        """How many links lead elsewhere than the source of truth says."""
        client, wrong = Client(self.elido.edge), 0
        for link in self.links:
            status, text = Client(self.elido.api_port).send("GET", f"/v1/workspaces/{self.workspace}/links/{link.id}", token=self.elido.token)
            truth = json.loads(text)["destination_url"] if status == 200 else None
            answer, location = client.send("GET", f"/{link.slug}")
            self.redirects += answer == 302
            wrong += answer != 302 or location != truth
        return wrong

    def stored(self):
        """How many clicks are stored, whoever clicked."""
        path = f"/v1/workspaces/{self.workspace}/analytics/summary?{INCLUDE_ALL}"
        status, text = Client(self.elido.api_port).send("GET", path, token=self.elido.token)
        return json.loads(text)["clicks"] if status == 200 else -1


class Client:
    """One connection, made anew whenever it fails."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def send(self, method, path, body=None, token=None):
        """Status, and `Location` or the body; no status where there was no response."""
        headers = {"user-agent": BROWSER}
        if token:
            headers |= {"authorization": f"Bearer {token}", "content-type": "application/json"}
        try:
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self.connection.getresponse()
            text = response.read()
            return response.status, response.headers.get("location") or text.decode(errors="replace")
        except (OSError, http.client.HTTPException):
            self.connection = None
            return None, ""


def destination(version):
    return f"https://example.com/{version}"


def number_of(location):
    tail = (location or "").rpartition("/")[2]
    return int(tail) if tail.isdigit() else None


def is_well(elido, account):
    """Whether every part works, as `/readyz` says, and a write is answered."""
    status, text = Client(elido.internal).send("GET", "/readyz")
    parts = json.loads(text)["checks"] if status == 200 else {}
    parts.pop("click_account", None)
    if not parts or any(part != "up" for part in parts.values()):
        return False
    link = account.links[0]
    body = {"destination_url": destination(link.answered)}
    return Client(elido.api_port).send("PATCH", f"/v1/workspaces/{account.workspace}/links/{link.id}", body, elido.token)[0] == 200


def until(condition, seconds):
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return bool(true)


def copy_folder(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def each_seed(arguments, name, run):
    """Runs a scenario for every seed, and adds up what they came to."""
    built, totals = library(), {}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        elido = Elido(arguments.executable, SETTINGS)
        with elido:
            figures = run(arguments, elido, built, seed)
        say(f"{name}, seed {seed}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
        for key, value in figures.items():
            totals[key] = totals.get(key, 0) + value
    return {"seeds": arguments.seeds, **totals}


def broken_promises(figures):
    """What must be zero and is not."""
    promises = {
        "lost": "every answered write is there", "unaccounted": "every answered redirect is stored or counted as dropped",
        "stale": "no edge answers an old value a second after an edit", "restarts_needed": "all is well again without a restart",
        "untold": "the log and /readyz say what is wrong", "silently_wrong": "nothing damaged is answered as if it were right",
    }
    return [promise for key, promise in promises.items() if figures.get(key)]
