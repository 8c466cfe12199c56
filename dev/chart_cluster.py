"""Installs the chart in a real cluster and breaks things under load. Started by `dev/chart cluster` within the cluster's network.

Ends with a line `RESULT {…}`, and with 1 if a promise was broken.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import chart_document as document
from chart_domain import Authority
from chart_load import DASHBOARD, HOST, NAMESPACE, PASSWORD, Installation, Load, Server, kubectl, objects, run, say, timed, until

CHART = "charts/elido-mono"
DRILL = "elido-restore"
OWN_DOMAIN = "go.example.org"


class Test:
    """The steps in their order, and what they found."""

    def __init__(self, helm, files):
        self.helm, self.files = helm, files
        self.authority, self.sets = None, []
        self.result, self.broken, self.answered = {}, [], 0
        self.made = []

    def promise(self, what, kept):
        say(f"{'kept  ' if kept else 'BROKEN'} {what}")
        if not kept:
            self.broken.append(what)

    def install(self, tag="one"):
        files = [word for file in self.files for word in ("--values", file)]
        run(self.helm, "--namespace", NAMESPACE, "upgrade", "--install", "elido", "deploy/helm/elido", *files, "--set", f"image.tag={tag}",
            *(word for one in self.sets for word in ("--set", one)), "--create-namespace", "--wait", "--timeout", "10m")

    def install_by_document(self):
        """As docs/self-hosting.md says it, with images and stand-ins of this test."""
        commands, files = document.commands(document.INSTALL), " ".join(f"-f {file}" for file in self.files)
        document.run(commands["secrets"], {})
        say(document.run(commands["preflight"], {document.NAMES: ""}))
        document.run(commands["helm"], {document.VALUES: files, document.TAG: "one"})

    def secrets(self):
        run("scripts/bootstrap-secrets.sh", NAMESPACE)
        before = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in objects("secrets")}
        run("scripts/bootstrap-secrets.sh", NAMESPACE)
        after = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in objects("secrets")}
        self.promise("bootstrap-secrets.sh changes nothing the second time", before == after and len(before) == 11)

    def certificate(self):
        """One for all hosts; or, where there is a Caddy, an authority that it may order them from."""
        if any("acme" in file for file in self.files):
            self.authority = Authority()
            kubectl("create", "secret", "generic", "authority", f"--from-file=ca.crt={self.authority.folder}/authority.pem")
            return
        folder = Path(run("mktemp", "--directory").strip())
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=example.com",
            "-addext", "subjectAltName=DNS:*.example.com", "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.crt")
        kubectl("create", "secret", "tls", "own-certificate", f"--cert={folder}/tls.crt", f"--key={folder}/tls.key")

    def caddy(self):
        """The address of Caddy; nothing before there is one."""
        return kubectl("get", "service", "caddy", "--output", "jsonpath={.spec.clusterIP}", check=False)

    def announce(self):
        """Lets every name lead to Caddy before it orders certificates, as operators do."""
        address, _ = until("Service of Caddy", self.caddy)
        self.authority.answer("set-default-ipv4", ip=address)

    def through_caddy(self):
        address = self.caddy()
        root = str(self.authority.root())

        def ask(host, path):
            return run("curl", "--silent", "--cacert", root, "--max-time", "20", "--resolve", f"{host}:443:{address}", "--output", "/dev/null",
                       "--write-out", "%{http_code} %{http_version} %{redirect_url}", f"https://{host}{path}", check=False)

        found = ask(HOST, "/link0")
        self.answered += found.startswith("302")
        self.promise("a redirect through Caddy over HTTP/2", found == "302 2 https://example.com/link0")
        hosts = ("api.example.com", DASHBOARD)
        _, seconds = until("certificates of the API and the dashboard", lambda: all(ask(host, "/v1/auth/providers").startswith("200 2") for host in hosts), 300)
        self.result["hosts_certified_s"] = round(seconds, 1)
        self.promise("/healthz of a domain through Caddy", ask(HOST, "/healthz").startswith("200 2"))
        return ask

    def own_domain(self, installation, ask):
        """A domain that a workspace brings along: its records, its certificate, its link."""
        path = f"/v1/workspaces/{installation.workspace}/domains"
        self.promise("no certificate for a domain of nobody", ask(OWN_DOMAIN, "/").startswith("000"))
        domain = installation.call("POST", path, {"hostname": OWN_DOMAIN})
        self.authority.records(domain["records"])
        begin = time.monotonic()
        until("domain in use", lambda: installation.call("POST", f"{path}/{domain['id']}/verify")["state"] == "active" or time.sleep(1), 60)
        draft = {"destination_url": "https://example.com/own", "slug": "own", "domain": OWN_DOMAIN}
        installation.call("POST", f"/v1/workspaces/{installation.workspace}/links", draft)
        until("certificate of a domain", lambda: ask(OWN_DOMAIN, "/healthz").startswith("200"), 60)
        found = ask(OWN_DOMAIN, "/own")
        self.answered += found.startswith("302")
        self.result["own_domain_s"] = round(time.monotonic() - begin, 1)
        self.promise("a domain of one's own has a certificate of the authority and redirects", found == "302 2 https://example.com/own")

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


def account_by_document(test):
    """The first account by what docs/self-hosting.md says; the link for browsers is made as well."""
    commands = document.commands(document.ACCOUNT)
    test.promise("setup-link prints a link of the dashboard", f"https://{DASHBOARD}/" in document.run(commands["setup"], {}))
    file = Path(run("mktemp").strip())
    file.write_text(PASSWORD)
    document.run(commands["bootstrap"], {document.PASSWORD_FILE: f"<{file}"})
    file.unlink()


def begin(test, install, make_first_account):
    """Secrets, stand-ins, an installation, and its first people and links."""
    test.secrets()
    test.certificate()
    kubectl("apply", "--filename", "tests/chart/stand-ins.yaml")
    rollout("deployment/bus", "deployment/clicks")
    if test.authority:
        threading.Thread(target=test.announce, daemon=True).start()
    say("installing")
    test.result["install_s"] = timed(install)
    restarts = {one["metadata"]["name"]: sum(c["restartCount"] for c in one["status"].get("containerStatuses", [])) for one in objects("pods")}
    test.result["restarts"] = {name: count for name, count in restarts.items() if count}
    members = kubectl("exec", "postgres-0", "--container", "postgres", "--", "patronictl", "-c", "/etc/patroni/config.yml", "list")
    test.promise("patronictl in postgres-0 tells who leads", "Leader" in members)
    installation = Installation()
    make_first_account(installation)
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


def drained(test, installation):
    """Every pod of the roles is evicted, as a drain of its node does it: as far as budgets let it, one after the other."""

    def evict():
        for component in ("edge", "api", "ingester", "workers"):
            for pod in objects("pods", "--selector", f"app.kubernetes.io/component={component}"):
                name = pod["metadata"]["name"]
                order = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
                path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
                until("eviction", lambda path=path, order=order: '"Success"' in kubectl("create", "--raw", path, "--filename", "-", text=json.dumps(order), check=False), 120)
            until(f"{component} again", lambda component=component: test.all_ready(component))

    figures = test.under_load("drained", installation, evict)
    test.promise("a drain costs no redirect", figures["failed_redirects"] == 0)


def bus_restarted(test, installation):
    """The bus ends in the middle and comes back on its disk."""

    def end():
        kubectl("exec", "deployment/bus", "--", "sh", "-c", "kill -TERM 1")
        until("end of the bus", lambda: objects("pods", "--selector", "stand-in=bus")[0]["status"]["containerStatuses"][0]["restartCount"] > 0)
        rollout("deployment/bus")

    figures = test.under_load("bus_restarted", installation, end)
    test.promise("the loss of the bus costs no redirect", figures["failed_redirects"] == 0)
    test.clicks(installation, "after_the_bus")


def follows_ha(test):
    """What only Patroni keeps goes by the values again when PostgreSQL starts."""
    patroni = ("exec", "postgres-0", "--container", "postgres", "--", "patronictl", "--config-file", "/etc/patroni/config.yml")
    kubectl(*patroni, "edit-config", "--force", "--quiet", "--set", "synchronous_mode=true")
    kubectl("delete", "pod", "postgres-0")
    until("PostgreSQL", lambda: test.all_ready("postgres"))
    until("synchronous_mode as the values have it", lambda: "synchronous_mode: false" in kubectl(*patroni, "show-config", check=False), 60)
    test.promise("synchronous_mode goes by the values", True)


def larger_disk(test):
    """The size of a claim template, which Kubernetes lets nobody change, and the pod goes on."""
    before = objects("pods", "--selector", "app.kubernetes.io/component=minio")[0]["metadata"]["uid"]
    kubectl("delete", "statefulset", "minio", "--cascade=orphan")
    test.sets.append("minio.storage.size=30Gi")
    test.install()
    after = objects("pods", "--selector", "app.kubernetes.io/component=minio")[0]["metadata"]["uid"]
    test.promise("a larger claim template restarts nothing", before == after)


def selftest(test, installation):
    """helm test with a key, by what docs/self-hosting.md says."""
    commands = document.commands(document.ACCOUNT)
    scopes = ["links:read", "links:write", "analytics:read"]
    token = installation.call("POST", f"/v1/workspaces/{installation.workspace}/api-keys", {"name": "selftest", "scopes": scopes})["token"]
    document.run(commands["key"], {document.TOKEN: f"token={token}"})
    own = Path(run("mktemp").strip())
    own.write_text(run(test.helm, "--namespace", NAMESPACE, "get", "values", "elido", "--output", "yaml"))
    document.run(commands["upgrade"], {document.OWN_VALUES: f"-f {own}"})
    own.unlink()
    told = document.run(commands["test"], {})
    test.result["selftest"] = json.loads(told.rpartition("RESULT ")[2].splitlines()[0])
    test.answered += 1


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
    run("kubectl", "--namespace", DRILL, "create", "secret", "generic", "elido-keys", "--from-literal=sealing-key=another")
    refused = subprocess.run(["scripts/bootstrap-secrets.sh", DRILL, "--backup-from", NAMESPACE], capture_output=True, text=True, timeout=60, check=False)
    test.promise("keys that differ from those of the backups are refused", refused.returncode != 0 and "another sealing-key" in refused.stderr)
    run("kubectl", "--namespace", DRILL, "delete", "secret", "elido-keys")
    run("kubectl", "--namespace", DRILL, "apply", "--filename", "tests/chart/stand-ins.yaml")
    figures = json.loads(run("scripts/restore-drill.sh").rpartition("RESULT ")[2])
    test.result["drill"] = figures
    test.promise("the drill restores every row and follows links", figures["postgres"]["rows"] == test.result["backup_postgres"]["rows"] and figures["links_followed"] == 3)
    run("kubectl", "delete", "namespace", DRILL, "--wait=false")


def one_machine(test):
    installation = begin(test, test.install_by_document, lambda _: account_by_document(test))
    test.own_domain(installation, test.through_caddy())
    selftest(test, installation)
    nothing_changes(test)
    larger_disk(test)
    follows_ha(test)
    upgrades(test, installation)
    pods_lost(test, installation)
    drained(test, installation)
    bus_restarted(test, installation)
    passwords(test, installation)
    acknowledged(test)
    drill(test)
    installation = install_again(test)
    test.clicks(installation, "at_the_end")


def several_machines(test):
    installation = begin(test, test.install, Installation.make_first_account)

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
    "one": (one_machine, [f"{CHART}/values-selfhost.yaml", "tests/chart/values-local.yaml", "tests/chart/values-acme.yaml"]),
    "several": (several_machines, [f"{CHART}/values-ha.yaml", "tests/chart/values-local.yaml", "tests/chart/values-local-ha.yaml"]),
}


def main():
    helm, form = sys.argv[1:3]
    work, files = FORMS[form]
    test = Test(helm, files)
    begun = time.monotonic()
    try:
        work(test)
    finally:
        if test.authority:
            test.authority.end()
    print(kubectl("get", "pods"))
    print("RESULT " + json.dumps({"form": form, **test.result, "seconds": round(time.monotonic() - begun), "broken": test.broken}))
    sys.exit(1 if test.broken else 0)


main()
