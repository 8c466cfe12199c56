"""Checks the chart without a cluster. Started by dev/chart, which brings the tools; ends with a line `RESULT {…}`."""

import argparse
import copy
import json
import re
import sys
import tempfile
import time
from pathlib import Path

import chart_document
import chart_network
import chart_objects
import chart_scripts
import chart_settings
from chart_renders import CHART, COMBINATIONS, REFUSALS, Helm, documents, refused_all, render_all

RELEASED = Path("tests/chart/released.json")
IMAGES = Path(CHART, "images.txt")
# What one machine with 4 vCPU and 8 GB has room for, beside k3s itself.
CPU_MAX, MEMORY_MAX = 2400, 5400
# The presets, and what they leave out.
RELEASES = ("selfhost", "ha", "edge-only", "Ory beside it")
# Templates that look at the cluster, the clock or chance would not render the same twice, or not without a cluster.
FORBIDDEN = re.compile(r"\b(lookup|now|randAlpha\w*|randNumeric|randAscii|randBytes|uuidv4|genCA|genSignedCert|genPrivateKey|htpasswd|bcrypt)\b(?=[^{]*}})")


class Findings:
    """What is wrong, by check, and how much was looked at."""

    def __init__(self):
        self.problems = []
        self.started = time.monotonic()

    def add(self, check, found):
        found = sorted(set(found))
        print(f"{'ok    ' if not found else 'FAILED'} {check}  ({time.monotonic() - self.started:.1f} s)", flush=True)
        for problem in found[:20]:
            print(f"       {problem}")
        self.problems += found


def template_problems():
    for file in sorted(Path(CHART, "templates").rglob("*")):
        if not file.is_file():
            continue
        text = file.read_text()
        for match in FORBIDDEN.finditer(re.sub(r"{{-? *\/\*.*?\*\/ *-?}}", "", text, flags=re.S)):
            yield f"{file}: {match[1]}"
        if "helm.sh/hook:" in text and "helm.sh/hook: test" not in text:
            yield f"{file}: a hook that is no test"


def equal_problems(texts):
    return [f"{name}: two renders differ" for name, (first, second) in texts.items() if first != second]


def by_document(rendered, law):
    """A law of single documents, asked once for those that are equal."""
    asked = {}
    for name, found in rendered.items():
        for document in found:
            key = json.dumps(document, sort_keys=True)
            if key not in asked:
                asked[key] = [f"{name}: {problem}" for problem in law(document)]
            yield from asked[key]


def by_render(rendered, law):
    for name, found in rendered.items():
        yield from (f"{name}: {problem}" for problem in law(found, name))


def snapshot(rendered):
    return {name: chart_objects.immutable(rendered[name]) for name in RELEASES}


def immutable_problems(rendered):
    before = json.loads(RELEASED.read_text())
    for name, now in snapshot(rendered).items():
        yield from (f"{name}: {problem}" for problem in chart_objects.immutable_problems(before[name], now))


def image_list(rendered):
    return sorted(set().union(*(chart_objects.images(rendered[name]) for name in RELEASES)))


def image_problems(rendered):
    listed, found = IMAGES.read_text().split(), image_list(rendered)
    yield from (f"images.txt lacks {image}" for image in found if image not in listed)
    yield from (f"images.txt has {image}, which nothing uses" for image in listed if image not in found)
    for image in chart_objects.images(rendered["air-gapped"]):
        if not image.startswith("registry.internal:5000/mirror/"):
            yield f"air-gapped: {image} comes from elsewhere"


def size_problems(rendered):
    cpu, memory = chart_objects.requests(rendered["Ory beside it"])
    if cpu > CPU_MAX or memory > MEMORY_MAX:
        yield f"selfhost asks for {cpu:.0f} m and {memory:.0f} MiB, above {CPU_MAX} m and {MEMORY_MAX} MiB"


def expectations(rendered):
    """Facts of single renders that no general law tells."""

    def names(name, kind):
        return {document["metadata"]["name"] for document in rendered[name] if document["kind"] == kind}

    def object_of(name, kind, called):
        return next(document for document in rendered[name] if document["kind"] == kind and document["metadata"]["name"] == called)

    def restores(name):
        return {called for called in names(name, "Job") if called.startswith("restore-verify")}

    copy_pods = str([document for document in rendered["a copy beside servers elsewhere"] if document["kind"] == "Deployment"])
    facts = {
        "edge-only renders edges, Redis and Caddy alone": names("edge-only", "Deployment") >= {"edge", "caddy"}
        and not names("edge-only", "Deployment") & {"api", "ingester", "workers", "kratos", "hydra"}
        and names("edge-only", "StatefulSet") == {"redis", "prometheus"},
        "everything external renders no store": names("everything external", "StatefulSet") == {"prometheus"},
        "ha puts Caddy on labelled nodes": object_of("ha", "DaemonSet", "caddy")["spec"]["template"]["spec"]["nodeSelector"]["elido.app/ingress"] == "true",
        "ha renders three PostgreSQL": object_of("ha", "StatefulSet", "postgres")["spec"]["replicas"] == 3,
        "ha renders six Redis": object_of("ha", "StatefulSet", "redis")["spec"]["replicas"] == 6,
        "ha renders three Redpanda": object_of("ha", "StatefulSet", "redpanda")["spec"]["replicas"] == 3,
        "ha renders Keepers": "keeper" in names("ha", "StatefulSet"),
        "single stores have no budget": not names("selfhost", "PodDisruptionBudget") & {"postgres", "redis", "clickhouse", "redpanda", "api"},
        "Traefik passes TLS through": "caddy" in names("k3s with Traefik", "IngressRouteTCP"),
        "behind Traefik no balancer is waited for": object_of("k3s with Traefik", "Service", "caddy")["spec"]["type"] == "ClusterIP",
        "a balancer keeps addresses of visitors": object_of("selfhost", "Service", "caddy")["spec"]["externalTrafficPolicy"] == "Local",
        "a tag of digits is printed as it is": "ghcr.io/elidoapp/elido:1234567" in chart_objects.images(rendered["a tag of digits"]),
        "the retention is in milliseconds": f"log_retention_ms: {36 * 3600 * 1000}" in object_of("short retention", "ConfigMap", "redpanda")["data"]["bootstrap.yaml"],
        "no policies where they are off": not names("without network policies", "NetworkPolicy"),
        "a disaster brings everything back": names("a restore after a disaster", "Deployment") >= {"edge", "api", "ingester", "workers", "caddy"},
        "a restore has neither workers, ingester, Caddy nor CronJobs": not names("a restore of a day", "Deployment") & {"workers", "ingester", "caddy", "kratos", "prometheus"}
        and not names("a restore of a day", "CronJob"),
        "api of a restore waits for its stores": object_of("a restore of a day", "Deployment", "api")["spec"]["template"]["spec"]["initContainers"][0]["args"][:3] == ["wait", "postgres", "clickhouse"],
        "a restore of all that was archived has no moment to stop at": "recovery_target_time:" not in str(object_of("a restore after a disaster", "ConfigMap", "postgres"))
        and "recovery_target_time:" in str(object_of("a restore to a moment", "ConfigMap", "postgres")),
        "standbys archive as well": "archive_mode: always" in str(object_of("ha", "ConfigMap", "postgres")),
        "a restored release archives nothing": not any("archive_command" in str(document) for document in rendered["a restore to a moment"]),
        "in ha the standby is dumped": "postgres-replica" in str(object_of("ha", "CronJob", "backup-postgres")),
        "backups of the chart's own storage are in the bucket of the values": "{'name': 'BACKUP_BUCKET', 'value': 'far-away'}" in str(object_of("another bucket", "CronJob", "backup-postgres")),
        "those of another storage in the bucket of its Secret": "{'name': 'BACKUP_BUCKET', 'valueFrom': {'secretKeyRef': {'name': 'my-bucket', 'key': 'bucket'}}}"
        in str(object_of("backups elsewhere", "CronJob", "backup-postgres")),
        "the age of backups is read, whoever else has metrics": "'name': 'metrics', 'port'" in str(object_of("no ClickHouse and no Caddy", "Service", "metrics")),
        "monitors are rendered where the operator is, or is said to be": "elido" in names("Argo CD with a Prometheus operator", "ServiceMonitor") & names("a Prometheus of one's own", "PrometheusRule"),
        "and nowhere else": not names("selfhost", "ServiceMonitor"),
        "no monitoring renders none": not names("no monitoring", "StatefulSet") & {"prometheus"} and not names("no monitoring", "Deployment") & {"grafana", "backup-metrics"},
        "a copy knows no bus, no bucket and no Redis of the release that serves": not re.search(r"'name': 'my-(kafka|redis)'|ELIDO_OBJECTS__(ENDPOINT|URL)", copy_pods)
        and all(f"{scheme}://nobody" in str(object_of("a copy beside servers elsewhere", "ConfigMap", "elido-settings")) for scheme in ("kafka", "s3")),
        "an edge of a copy asks a database elsewhere whether it is restored": any(
            port.get("endPort") == 65535
            for rule in object_of("a copy beside servers elsewhere", "NetworkPolicy", "edge")["spec"]["egress"]
            for port in rule.get("ports", ())
        ),
        "a Job of a restore that differs has another name": not restores("a restore of a day") & restores("a copy of another version")
        and restores("a restore of a day") == restores("a restore of a day, with more edges"),
        "drills and releases that are named may read the bucket": "['elido-green-restore', 'elido-blue']" in str(object_of("a bucket that others read", "NetworkPolicy", "minio")),
        "no Secret is rendered": not any(document["kind"] == "Secret" for found in rendered.values() for document in found),
    }
    return [fact for fact, holds in facts.items() if not holds]


def proofs(rendered):
    """Each law, broken once: a check that finds nothing then is worth nothing."""
    selfhost = rendered["selfhost"]

    def broken(change):
        changed = copy.deepcopy(selfhost)
        change({chart_objects.name_of(document): document for document in changed})
        return changed

    def edge(found):
        return found["Deployment/edge"]["spec"]["template"]["spec"]

    def open_postgres_to_caddy(found):
        found["NetworkPolicy/postgres"]["spec"].update(ingress=[{}])
        found["NetworkPolicy/caddy"]["spec"].update(egress=[{}])

    laws = {
        "a privileged container": lambda: chart_objects.pod_problems(broken(lambda f: edge(f)["containers"][0]["securityContext"].update(allowPrivilegeEscalation=True))),
        "a misspelt field": lambda: chart_objects.schema_problems({**selfhost[0], "speck": {}}, ("1.36",)),
        "a selector without pods": lambda: chart_objects.service_problems(broken(lambda f: f["Service/redis"]["spec"]["selector"].update({"app.kubernetes.io/component": "cache"}))),
        "a ConfigMap that is not there": lambda: chart_objects.reference_problems(broken(lambda f: f["ConfigMap/redis"]["metadata"].update(name="cache"))),
        "a version among the labels of a selector": lambda: chart_objects.immutable_problems(
            chart_objects.immutable(selfhost), chart_objects.immutable(broken(lambda f: f["Deployment/edge"]["spec"]["selector"]["matchLabels"].update(version="2")))
        ),
        "a name that is Patroni's": lambda: chart_objects.unique_problems(broken(lambda f: f["ConfigMap/redis"]["metadata"].update(name="elido-leader"))),
        "a way that nobody should have": lambda: chart_network.problems(broken(open_postgres_to_caddy)),
        "a key that no script makes": lambda: chart_settings.secret_problems(selfhost, {}),
        "a value without a comment": lambda: chart_settings.comment_problems("# one\none: 1\n\ntwo: 2\n"),
        "a value without an entry": lambda: chart_settings.schema_gaps({"type": "object", "additionalProperties": False, "properties": {}}, {"one": 1}),
        "an image of no version": lambda: chart_objects.pod_problems(broken(lambda f: edge(f)["containers"][0].update(image="elido"))),
    }
    return [f"{name} is not found" for name, law in laws.items() if not list(law())]


def main():
    arguments = argparse.ArgumentParser()
    for name in ("--helm", "--caddy", "--executable"):
        arguments.add_argument(name, required=True)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    findings, helm = Findings(), Helm(options.helm)

    findings.add("templates look at no cluster, clock or chance", template_problems())
    findings.add("helm lint --strict", filter(None, [helm.lint()]))
    texts, failed = render_all(helm)
    findings.add(f"{len(COMBINATIONS)} combinations of values render", [f"{name}: {error}" for name, error in failed.items()])
    if failed:
        sys.exit(1)
    findings.add("two renders are equal", equal_problems(texts))
    rendered = {name: documents(first) for name, (first, _) in texts.items()}
    if options.write:
        RELEASED.write_text(json.dumps(snapshot(rendered), indent=1, sort_keys=True) + "\n")
        IMAGES.write_text("\n".join(image_list(rendered)) + "\n")
    findings.add(f"{len(REFUSALS)} wrong values are refused, with the reason", refused_all(helm))
    findings.add(
        f"Kubernetes {chart_objects.KUBERNETES[0]} to {chart_objects.KUBERNETES[-1]} know every field", by_document(rendered, chart_objects.schema_problems)
    )
    may_use_host_path = ("ha, journals on the node",)
    findings.add("every pod passes Pod Security restricted", by_render(rendered, lambda found, name: chart_objects.pod_problems(found, name in may_use_host_path)))
    findings.add("Services, budgets and autoscalers meet pods", by_render(rendered, lambda found, _: chart_objects.service_problems(found)))
    findings.add("what pods name is there", by_render(rendered, lambda found, _: chart_objects.reference_problems(found)))
    findings.add("no name is given twice", by_render(rendered, lambda found, _: chart_objects.unique_problems(found)))
    policed = {name: found for name, found in rendered.items() if name in ("selfhost", "ha", "edge-only", "replicated ClickHouse", "Ory beside it")}
    findings.add("network policies open every way that is wanted, and no other", by_render(policed, lambda found, _: chart_network.problems(found)))
    findings.add("few pods reach the world", by_render(rendered, lambda found, _: chart_network.outward_problems(found)))
    findings.add("nothing changed that Kubernetes lets nobody change", immutable_problems(rendered))
    findings.add("images.txt lists every image", image_problems(rendered))
    findings.add("selfhost fits one machine", size_problems(rendered))
    findings.add("single renders hold what they should", expectations(rendered))
    secrets = chart_settings.all_secrets()
    findings.add("every key of a Secret is made by the script", by_render(rendered, lambda found, _: chart_settings.secret_problems(found, secrets)))
    with tempfile.TemporaryDirectory() as folder:
        executable = chart_settings.Executable(options.executable, folder, secrets)
        findings.add("the executable takes the settings of every role", by_render(rendered, lambda found, _: executable.problems(found)))
        caddy = chart_settings.Caddy(options.caddy, folder)
        findings.add("Caddy takes its file", by_render(rendered, lambda found, _: caddy.problems(found)))
        prometheus = chart_settings.Prometheus(folder)
        findings.add("Prometheus takes its file", by_render(rendered, lambda found, _: prometheus.problems(found)))
        findings.add("the commands of docs/self-hosting.md are what there is", chart_document.problems(options.helm, options.executable, folder))
        findings.add("scripts refuse what is wrong before they change anything", chart_scripts.problems(options.helm, folder))
    values = Path(CHART, "values.yaml").read_text()
    schema = json.loads(Path(CHART, "values.schema.json").read_text())
    findings.add("every value has a comment", chart_settings.comment_problems(values))
    findings.add("every value has an entry in the schema, which is closed", chart_settings.schema_gaps(schema, documents(values)[0]))
    findings.add("each check finds what it is there for", proofs(rendered))

    cpu, memory = chart_objects.requests(rendered["selfhost"])
    print(
        "RESULT "
        + json.dumps(
            {
                "combinations": len(rendered),
                "refusals": len(REFUSALS),
                "objects": sum(map(len, rendered.values())),
                "settings_checked": len(executable.asked),
                "selfhost_cpu_m": round(cpu),
                "selfhost_memory_mib": round(memory),
                "problems": len(findings.problems),
                "seconds": round(time.monotonic() - findings.started, 1),
            }
        )
    )
    sys.exit(1 if findings.problems else 0)


if __name__ == "__main__":
    main()
