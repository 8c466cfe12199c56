"""What the cluster test shares: kubectl, requests to Services, an installation with people and links, and a load on it."""

import http.client
import json
import secrets
import subprocess
import sys
import threading
import time

NAMESPACE = "elido"
EMAIL, PASSWORD = "ops@example.com", secrets.token_hex(12)
HOST, DASHBOARD = "r.example.com", "app.example.com"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
EVERYTHING = "from=1990-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&include=bots,previews,prefetches,heads"
LINKS = 20
# How long the visitors wait between two requests each.
PAUSE_S = 0.004
VISITORS = 2


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def run(*command, text=None, check=True, seconds=900):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=seconds, check=False)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)[:200]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def kubectl(*arguments, **more):
    return run("kubectl", "--namespace", NAMESPACE, *arguments, **more)


def objects(*arguments):
    return json.loads(kubectl("get", *arguments, "--output", "json"))["items"]


def until(what, condition, seconds=120):
    """Waits for something that is true, and gives it back with how long that took."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        try:
            if found := condition():
                return found, time.monotonic() - begin
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    sys.exit(f"no {what} within {seconds} s:\n{kubectl('get', 'pods')}")


def timed(work):
    begin = time.monotonic()
    work()
    return round(time.monotonic() - begin, 1)


class Server:
    """One Service, by its address; requests of one connection."""

    def __init__(self, service, port, host):
        address = kubectl("get", "service", service, "--output", "jsonpath={.spec.clusterIP}")
        self.address, self.port, self.host, self.connection = address, port, host, None

    def ask(self, method, path, body=None, token=None):
        """Status, headers and text. Connections that ended are opened again once, as browsers do for a GET."""
        headers = {"Host": self.host, "User-Agent": AGENT, "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        for again in (True, False):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection(self.address, self.port, timeout=10)
            try:
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                text = response.read().decode()
                if response.getheader("connection") == "close":
                    self.close()
                return response.status, response.headers, text
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh or not again or method != "GET":
                    raise
        return None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Installation:
    """The people of an installation: an operator with a workspace, and links."""

    def __init__(self):
        self.api = Server("api-core", 8090, DASHBOARD)
        self.token = self.workspace = None
        self.slugs = []

    def call(self, method, path, body=None):
        # Between two steps the server may have ended an idle connection.
        self.api.close()
        status, _, text = self.api.ask(method, path, json.dumps(body) if body is not None else None, self.token)
        if status >= 300:
            raise ValueError(f"{method} {path}: {status} {text[:300]}")
        return json.loads(text)

    def make_first_account(self):
        """By the command that the notes name."""
        kubectl("exec", "--stdin", "deployment/api", "--", "/usr/local/bin/elido", "admin", "bootstrap", "--email", EMAIL, text=PASSWORD)

    def begin(self):
        """A workspace of the first account, and links."""
        self.sign_in()
        self.workspace = self.call("POST", "/v1/workspaces", {"name": "Links", "slug": "links"})["id"]
        for number in range(LINKS):
            self.make(f"link{number}")

    def sign_in(self):
        self.token = self.call("POST", "/v1/auth/sign-in", {"email": EMAIL, "password": PASSWORD})["token"]

    def make(self, slug):
        self.call("POST", f"/v1/workspaces/{self.workspace}/links", {"destination_url": f"https://example.com/{slug}", "slug": slug})
        self.slugs.append(slug)

    def stored(self):
        return self.call("GET", f"/v1/workspaces/{self.workspace}/analytics/summary?{EVERYTHING}")["clicks"]


class Load:
    """Visitors who follow links and a writer who makes some, as long as the block lasts."""

    def __init__(self, installation):
        self.installation = installation
        self.answered = self.failed = self.unwritten = 0
        self.longest_gap_ms = self.write_gap_ms = 0
        self.reasons, self.made = [], []
        self.guard, self.ending = threading.Lock(), threading.Event()

    def __enter__(self):
        self.begin = time.monotonic()
        self.threads = [threading.Thread(target=self.visit, args=(number,), daemon=True) for number in range(VISITORS)]
        self.threads.append(threading.Thread(target=self.write, daemon=True))
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.begin

    def visit(self, number):
        edge = Server("edge-redirect", 80, HOST)
        turn = last = 0
        while not self.ending.is_set():
            turn += 1
            slug = f"link{(turn + number) % LINKS}"
            try:
                status, headers, _ = edge.ask("GET", f"/{slug}")
                good = status == 302 and headers["location"] == f"https://example.com/{slug}"
                reason = f"status {status}"
            except (OSError, http.client.HTTPException) as error:
                good, reason = False, repr(error)
            now = time.monotonic()
            with self.guard:
                if good:
                    self.longest_gap_ms = max(self.longest_gap_ms, round((now - last) * 1000) if last else 0)
                    self.answered += 1
                    last = now
                else:
                    self.failed += 1
                    self.reasons.append(reason)
            # New connections are balanced anew, as those of real visitors are.
            if turn % 50 == 0:
                edge.close()
            time.sleep(PAUSE_S)

    def write(self):
        api, turn, last = Server("api-core", 8090, DASHBOARD), 0, time.monotonic()
        while not self.ending.is_set():
            turn += 1
            slug = f"new-{secrets.token_hex(6)}"
            draft = {"destination_url": f"https://example.com/{slug}", "slug": slug}
            try:
                status, _, text = api.ask("POST", f"/v1/workspaces/{self.installation.workspace}/links", json.dumps(draft), self.installation.token)
                reason = f"write: status {status} {text[:150]}"
            except (OSError, http.client.HTTPException) as error:
                status, reason = 0, f"write: {error!r}"
            if status == 201:
                self.made.append(slug)
                gap = round((time.monotonic() - last) * 1000)
                self.write_gap_ms, last = max(self.write_gap_ms, gap), time.monotonic()
            else:
                self.unwritten += 1
                with self.guard:
                    self.reasons.append(reason)
            if turn % 20 == 0:
                api.close()
            time.sleep(0.05)

    def figures(self):
        return {
            "redirects": self.answered,
            "failed_redirects": self.failed,
            "longest_gap_ms": self.longest_gap_ms,
            "writes": len(self.made),
            "failed_writes": self.unwritten,
            "longest_write_gap_ms": self.write_gap_ms,
            "per_second": round(self.answered / self.seconds),
            **({"reasons": sorted(set(self.reasons))[:5]} if self.reasons else {}),
        }
