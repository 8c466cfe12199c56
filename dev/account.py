"""Writers and visitors of one installation that remember what they were told, and the account at the end."""

import http.client
import json
import random
import socket
import subprocess
import threading
import time

from harness import die, say

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
LINKS = 12
# As much of a text as a click keeps.
LONG = "x" * 1000
# An edit that was answered is served by then.
STALE_AFTER_S = 1.0
# So long all may take to be well again by itself: the longest pause between two tries is 10 s.
WELL_WITHIN_S = 40
# What a write is answered that may be made later: nothing at all, or that a part is unavailable.
REFUSALS = (None, 503, 504)
INCLUDE_ALL = "from=1990-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&include=bots,previews,prefetches,heads"


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

    def __init__(self, elido, workspace, seed, asks_again=False):
        self.elido, self.workspace = elido, workspace
        # Whether a write that was refused is made once more before it counts: a busy machine refuses one now and then.
        self.asks_again = asks_again
        self.links = [Link(f"link{number}") for number in range(LINKS)]
        # Nobody visits it: it is for asking whether a write is answered, beside writers that go on.
        self.probe = Link("probe")
        self.random = random.Random(seed)
        self.writes = self.refused = self.odd = self.redirects = self.other = self.stale = 0
        self.crowded = threading.Event()
        self.stopping = threading.Event()
        self.guard = threading.Lock()

    def make_links(self):
        drafts = [{"destination_url": destination(0), "slug": link.slug} for link in (*self.links, self.probe)]
        for link, made in zip((*self.links, self.probe), self.elido.create_links(self.workspace, drafts)):
            link.id = made["id"]
            link.told(0)

    def __enter__(self):
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.write, self.visit, self.visit, self.crowd)]
        [thread.start() for thread in self.threads]
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.crowded.set()
        [thread.join() for thread in self.threads]

    def write(self):
        """Edits links one after the other, each time to a version that was never there."""
        version, client = 0, Client(self.elido.api_port)
        while not self.stopping.is_set():
            version += 1
            link = self.random.choice(self.links)
            with self.guard:
                link.may_be(version)
            status, text = self.edit(client, link, version)
            if self.asks_again and status in REFUSALS:
                status, text = self.edit(client, link, version)
            with self.guard:
                if status == 200:
                    self.writes += 1
                    link.told(version)
                elif status in REFUSALS:
                    self.refused += 1
                else:
                    self.odd += 1
                    if self.odd == 1:
                        say(f"a write was answered {status}: {text[:200]}")
            time.sleep(0.005)

    def edit(self, client, link, version):
        """One write; its status and body."""
        return client.send("PATCH", f"/v1/workspaces/{self.workspace}/links/{link.id}", {"destination_url": destination(version)}, self.elido.token)

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

    def crowd(self):
        """Visitors who come all at once, with texts so long that the edge's memory for clicks does not last."""
        heads = [f"GET /{link.slug} HTTP/1.1\r\nhost: x\r\nuser-agent: {LONG}\r\nreferer: https://example.org/{LONG}\r\n\r\n" for link in self.links]
        request = "".join(heads).encode()
        while self.crowded.wait() and not self.stopping.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.elido.edge), timeout=40) as connection:
                    answers = connection.makefile("rb")
                    while self.crowded.is_set() and not self.stopping.is_set():
                        connection.sendall(request)
                        self.hear(answers)
            except OSError:
                pass

    def hear(self, answers):
        for _ in self.links:
            status = answers.readline()
            if not status:
                raise ConnectionError
            length = 0
            while (line := answers.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            answers.read(length)
            with self.guard:
                self.redirects += b" 302 " in status
                self.other += b" 302 " not in status

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
        """How many clicks are stored, whoever clicked; nothing where the report fails."""
        path = f"/v1/workspaces/{self.workspace}/analytics/summary?{INCLUDE_ALL}"
        status, text = Client(self.elido.api_port).send("GET", path, token=self.elido.token)
        self.unreported = None if status == 200 else f"{status} {text[:200]}"
        return json.loads(text)["clicks"] if status == 200 else None

    def wait_for_stored(self, wanted, seconds=WELL_WITHIN_S):
        """Waits until so many clicks are stored, or the time is over. Gives back how many are."""
        until(lambda: (self.stored() or 0) >= wanted, seconds)
        stored = self.stored()
        if stored is None:
            die(f"the clicks cannot be counted: the report was answered {self.unreported}\n{self.elido.tail()}")
        return stored

    def settle(self):
        """Ends the process, which stores what is in its journals, and starts it again. Gives back how many clicks are stored for good."""
        try:
            self.elido.stop()
        except (SystemExit, subprocess.TimeoutExpired) as failure:
            say(f"it does not end well: {failure}")
            self.elido.process.kill()
            self.elido.process.wait()
        self.elido.start("all")
        return self.wait_for_stored(0)


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
    # A value that was not there, since no write comes of the same one again.
    account.probe.answered += 1
    body = {"destination_url": destination(account.probe.answered)}
    return Client(elido.api_port).send("PATCH", f"/v1/workspaces/{account.workspace}/links/{account.probe.id}", body, elido.token)[0] == 200


def until(condition, seconds):
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return bool(true)
