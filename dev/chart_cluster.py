"""Installs the chart in a real cluster and breaks things under load. Started by `dev/chart cluster` within the cluster's network.

Ends with a line `RESULT {…}`, and with 1 if a promise was broken.
"""

import base64
import http.client
import json
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

CHART = "charts/elido-mono"
NAMESPACE = "elido"
DRILL = "elido-restore"
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
        status, _, text = self.api.ask(method, path, json.dumps(body) if body is not None else None, self.token)
        if status >= 300:
            raise ValueError(f"{method} {path}: {status} {text[:300]}")
        return json.loads(text)

    def begin(self):
        """The first account by the command that the notes name, a workspace, and links."""
        kubectl("exec", "--stdin", "deployment/api", "--", "/usr/local/bin/elido", "admin", "bootstrap", "--email", EMAIL, text=PASSWORD)
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
                status, _, _ = api.ask("POST", f"/v1/workspaces/{self.installation.workspace}/links", json.dumps(draft), self.installation.token)
            except (OSError, http.client.HTTPException):
                status = 0
            if status == 201:
                self.made.append(slug)
                gap = round((time.monotonic() - last) * 1000)
                self.write_gap_ms, last = max(self.write_gap_ms, gap), time.monotonic()
            else:
                self.unwritten += 1
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
            **({"reasons": sorted(set(self.reasons))[:3]} if self.reasons else {}),
        }


class Test:
    """The steps in their order, and what they found."""

    def __init__(self, helm, files):
        self.helm, self.files = helm, files
        self.result, self.broken, self.answered = {}, [], 0
        self.made = []

    def promise(self, what, kept):
        say(f"{'kept  ' if kept else 'BROKEN'} {what}")
        if not kept:
            self.broken.append(what)

    def install(self, tag="one"):
        files = [word for file in self.files for word in ("--values", file)]
        run(self.helm, "--namespace", NAMESPACE, "upgrade", "--install", "elido", "deploy/helm/elido", *files, "--set", f"image.tag={tag}",
            "--create-namespace", "--wait", "--timeout", "10m")

    def secrets(self):
        run("scripts/bootstrap-secrets.sh", NAMESPACE)
        before = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in objects("secrets")}
        run("scripts/bootstrap-secrets.sh", NAMESPACE)
        after = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in objects("secrets")}
        self.promise("bootstrap-secrets.sh changes nothing the second time", before == after and len(before) == 11)

    def certificate(self):
        folder = Path(run("mktemp", "--directory").strip())
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=example.com",
            "-addext", "subjectAltName=DNS:*.example.com", "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.crt")
        kubectl("create", "secret", "tls", "own-certificate", f"--cert={folder}/tls.crt", f"--key={folder}/tls.key")

    def through_caddy(self):
        address = kubectl("get", "service", "caddy", "--output", "jsonpath={.spec.clusterIP}")

        def ask(host, path):
            return run("curl", "--silent", "--insecure", "--max-time", "10", "--resolve", f"{host}:443:{address}", "--output", "/dev/null",
                       "--write-out", "%{http_code} %{http_version} %{redirect_url}", f"https://{host}{path}", check=False)

        found = ask(HOST, "/link0")
        self.answered += found.startswith("302")
        self.promise("a redirect through Caddy over HTTP/2", found == "302 2 https://example.com/link0")
        self.promise("the dashboard and the API through Caddy", ask("api.example.com", "/v1/auth/providers").startswith("200 2") and ask(DASHBOARD, "/v1/auth/providers").startswith("200 2"))
        self.promise("/healthz of a domain through Caddy", ask(HOST, "/healthz").startswith("200 2"))

    def under_load(self, name, installation, work):
        """What visitors and a writer see while something happens; all clicks are stored in the end."""
        say(name)
        with Load(installation) as load:
            time.sleep(2)
            seconds = timed(work)
            time.sleep(2)
        self.answered += load.answered
        self.made += load.made
        figures = load.figures() | {"seconds": seconds}
        say(f"{name}: {figures}")
        self.result[name] = figures
        return figures

    def clicks(self, installation, when):
        """Whether every answered redirect is a stored click; more may be, of requests whose answer was lost."""
        until(f"all {self.answered} clicks", lambda: installation.stored() >= self.answered, 120)
        time.sleep(3)
        stored = installation.stored()
        self.result[f"clicks_{when}"] = {"answered": self.answered, "stored": stored}
        failed = sum(one.get("failed_redirects", 0) for one in self.result.values() if isinstance(one, dict))
        self.promise(f"clicks {when}: {stored} stored of {self.answered} answered", self.answered <= stored <= self.answered + failed)

    def kill(self, component, *options):
        pod = objects("pods", "--selector", f"app.kubernetes.io/component={component}")[0]["metadata"]["name"]
        kubectl("delete", "pod", pod, *options)
        until(f"{component} again", lambda: self.all_ready(component))

    def all_ready(self, component):
        found = objects("pods", "--selector", f"app.kubernetes.io/component={component}")
        wanted = sum(one["spec"]["replicas"] for one in objects("deployments,statefulsets", "--selector", f"app.kubernetes.io/component={component}"))
        ready = [one for one in found if not one["metadata"].get("deletionTimestamp")
                 and any(c["type"] == "Ready" and c["status"] == "True" for c in one["status"].get("conditions", []))]
        return len(ready) == wanted


def rollout(*names):
    for name in names:
        kubectl("rollout", "status", name, "--timeout=300s")


def begin(test):
    """Secrets, stand-ins, an installation by the playbook's command, and its first people and links."""
    test.secrets()
    test.certificate()
    kubectl("apply", "--filename", "tests/chart/stand-ins.yaml")
    rollout("deployment/bus", "deployment/clicks")
    say("installing")
    test.result["install_s"] = timed(test.install)
    restarts = {one["metadata"]["name"]: sum(c["restartCount"] for c in one["status"].get("containerStatuses", [])) for one in objects("pods")}
    test.result["restarts"] = {name: count for name, count in restarts.items() if count}
    members = kubectl("exec", "postgres-0", "--container", "postgres", "--", "patronictl", "-c", "/etc/patroni/config.yml", "list")
    test.promise("patronictl in postgres-0 tells who leads", "Leader" in members)
    installation = Installation()
    installation.begin()
    status, headers, _ = Server("edge-redirect", 80, HOST).ask("GET", "/link0")
    test.answered += status == 302
    test.promise("a redirect of a new link", status == 302 and headers["location"] == "https://example.com/link0")
    _, seconds = until("click in the analytics", lambda: installation.stored() == 1)
    test.result["click_visible_s"] = round(seconds, 1)
    return installation


def nothing_changes(test):
    before = {one["metadata"]["name"]: one["metadata"]["generation"] for one in objects("deployments,statefulsets")}
    test.install()
    after = {one["metadata"]["name"]: one["metadata"]["generation"] for one in objects("deployments,statefulsets")}
    test.promise("an upgrade without a change changes nothing", before == after)


def upgrades(test, installation):
    works = {
        "upgrade": lambda: test.install("two"),
        "rollback": lambda: run(test.helm, "--namespace", NAMESPACE, "rollback", "elido", "--wait", "--timeout", "5m"),
    }
    for name, work in works.items():
        figures = test.under_load(name, installation, work)
        test.promise(f"{name} costs no redirect", figures["failed_redirects"] == 0)
        test.promise(f"{name} costs no write", figures["failed_writes"] == 0)
    test.clicks(installation, "after_upgrades")


def pods_lost(test, installation):
    test.under_load("edge_pod_killed", installation, lambda: test.kill("edge", "--force", "--grace-period=0"))
    for component, name in (("api", "api_pod_deleted"), ("redis", "redis_pod_deleted"), ("postgres", "postgres_pod_deleted"), ("ingester", "ingester_pod_killed")):
        figures = test.under_load(name, installation, lambda component=component: test.kill(component, "--grace-period=5"))
        test.promise(f"{name} costs no redirect", figures["failed_redirects"] == 0)
    test.clicks(installation, "after_lost_pods")


def passwords(test, installation):
    words = run("scripts/bootstrap-secrets.sh", NAMESPACE, "--rotate", "postgres").splitlines()
    there = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects("deployments,statefulsets")}
    names = [word for line in words if "rollout restart" in line for word in line.split()[5:6] if word in there]

    def restart():
        for name in names:
            kubectl("rollout", "restart", name)
            rollout(name)

    figures = test.under_load("passwords_replaced", installation, restart)
    test.promise("replaced passwords cost no redirect", figures["failed_redirects"] == 0)
    until("API with the new password", lambda: installation.stored() >= 0)


def install_again(test):
    run(test.helm, "--namespace", NAMESPACE, "uninstall", "elido", "--wait", "--timeout", "3m")
    claims = {one["metadata"]["name"] for one in objects("persistentvolumeclaims")}
    test.promise("claims outlive the release", claims >= {"data-postgres-0", "data-minio-0", "edge-journal", "caddy"})
    test.result["install_again_s"] = timed(test.install)
    installation = Installation()
    installation.sign_in()
    installation.workspace = installation.call("GET", "/v1/workspaces")["data"][0]["id"]
    edge = Server("edge-redirect", 80, HOST)
    # Edges are ready before they have heard of the api, for the sake of links that they know.
    (_, headers, _), seconds = until("link after an uninstall", lambda: (found := edge.ask("GET", "/link0"))[0] == 302 and found, 30)
    test.answered += 1
    test.result["link_again_s"] = round(seconds, 1)
    test.promise("links are there after an uninstall", headers["location"] == "https://example.com/link0")
    test.clicks(installation, "after_an_uninstall")
    return installation


def acknowledged(test):
    """Every link whose making was answered is there."""
    edge = Server("edge-redirect", 80, HOST)
    lost = []
    for slug in test.made:
        status, headers, _ = edge.ask("GET", f"/{slug}")
        test.answered += status == 302
        if status != 302 or headers["location"] != f"https://example.com/{slug}":
            lost.append(slug)
    test.result["acknowledged"], test.result["acknowledged_lost"] = len(test.made), len(lost)
    test.promise("every acknowledged write is there", not lost)


def drill(test):
    """Backups of what is there, and the drill that brings them back in a namespace of its own, with servers of its own in place of those outside."""
    for kind in ("clickhouse", "postgres"):
        kubectl("create", "job", f"now-{kind}", f"--from=cronjob/backup-{kind}")
        kubectl("wait", "--for=condition=complete", f"job/now-{kind}", "--timeout=300s", seconds=310)
        test.result[f"backup_{kind}"] = json.loads(kubectl("logs", f"job/now-{kind}").rpartition("RESULT ")[2])
    run("kubectl", "create", "namespace", DRILL)
    run("kubectl", "--namespace", DRILL, "apply", "--filename", "tests/chart/stand-ins.yaml")
    figures = json.loads(run("scripts/restore-drill.sh").rpartition("RESULT ")[2])
    test.result["drill"] = figures
    test.promise("the drill restores every row and follows links", figures["postgres"]["rows"] == test.result["backup_postgres"]["rows"] and figures["links_followed"] == 3)
    run("kubectl", "delete", "namespace", DRILL, "--wait=false")


def one_machine(test):
    installation = begin(test)
    test.through_caddy()
    test.result["helm_test_s"] = timed(lambda: run(test.helm, "--namespace", NAMESPACE, "test", "elido", "--timeout", "2m"))
    nothing_changes(test)
    upgrades(test, installation)
    pods_lost(test, installation)
    passwords(test, installation)
    acknowledged(test)
    drill(test)
    installation = install_again(test)
    test.clicks(installation, "at_the_end")


def several_machines(test):
    installation = begin(test)

    def primaries():
        found = objects("pods", "--selector", "elido.app/postgres-role=primary")
        return {one["metadata"]["uid"]: one["metadata"]["name"] for one in found if not one["metadata"].get("deletionTimestamp")}

    def lose_primary():
        before = primaries()
        kubectl("delete", "pod", *before.values(), "--wait=false")
        after, _ = until("another primary", lambda: primaries().keys() - before.keys())
        test.result["new_primary"] = [name for uid, name in primaries().items() if uid in after]
        until("three PostgreSQL", lambda: test.all_ready("postgres"), 240)

    figures = test.under_load("primary_deleted", installation, lose_primary)
    test.promise("the loss of a primary costs no redirect", figures["failed_redirects"] == 0)
    test.promise("writes go on within 30 s", figures["longest_write_gap_ms"] < 30_000)

    def lose_every_redis():
        kubectl("delete", "pods", "--selector", "app.kubernetes.io/component=redis", "--grace-period=1")
        until("six Redis", lambda: test.all_ready("redis"), 240)

    figures = test.under_load("six_redis_replaced", installation, lose_every_redis)
    test.promise("the loss of all Redis costs no redirect", figures["failed_redirects"] == 0)
    upgrades(test, installation)
    acknowledged(test)
    test.clicks(installation, "at_the_end")


FORMS = {
    "one": (one_machine, [f"{CHART}/values-selfhost.yaml", "tests/chart/values-local.yaml"]),
    "several": (several_machines, [f"{CHART}/values-ha.yaml", "tests/chart/values-local.yaml", "tests/chart/values-local-ha.yaml"]),
}


def main():
    helm, form = sys.argv[1:3]
    work, files = FORMS[form]
    test = Test(helm, files)
    begun = time.monotonic()
    work(test)
    print(kubectl("get", "pods"))
    print("RESULT " + json.dumps({"form": form, **test.result, "seconds": round(time.monotonic() - begun), "broken": test.broken}))
    sys.exit(1 if test.broken else 0)


main()
