"""What dev/chart renders: combinations of values that people use, and values that have to be refused, with the reason."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import yaml

CHART = "charts/elido-mono"
# C's loader is ten times as fast, where it is there.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

HOSTS = [
    "ingress.hosts.redirect[0]=r.example.com",
    "ingress.hosts.api=api.example.com",
    "ingress.hosts.dashboard=app.example.com",
]
SELFHOST, HA, EDGE_ONLY = (f"values-{name}.yaml" for name in ("selfhost", "ha", "edge-only"))
SHARED_CADDY = "caddy.storage.claim=caddy-shared"
FAR = ["origin.url=https://grpc.example.com:50051", "external.kafka.secretName=bus"]
EXTERNAL = {
    "postgres": ["postgres.enabled=false", "external.postgres.secretName=my-postgres"],
    "redis": ["redis.enabled=false", "external.redis.secretName=my-redis"],
    "clickhouse": ["clickhouse.enabled=false", "external.clickhouse.secretName=my-clickhouse"],
    "kafka": ["redpanda.enabled=false", "external.kafka.secretName=my-kafka"],
    "s3": ["minio.enabled=false", "external.s3.secretName=my-bucket", "backups.s3.secretName=my-bucket"],
}
EVERYTHING_EXTERNAL = [one for sets in EXTERNAL.values() for one in sets]
RESTORE = ["restore.fromBackup=true"]
TRAEFIK, OPERATOR = "traefik.io/v1alpha1", "monitoring.coreos.com/v1"


@dataclass(frozen=True)
class Values:
    """One way to render the chart."""

    file: str = ""
    sets: tuple = ()
    apis: tuple = ()
    kubernetes: str = "1.36.0"
    release: str = "elido"
    namespace: str = "elido"


def values(file="", sets=(), **more):
    return Values(file=file, sets=tuple(sets), **more)


COMBINATIONS = {
    "defaults": values(),
    "selfhost": values(SELFHOST),
    "selfhost on the oldest Kubernetes": values(SELFHOST, kubernetes="1.30.0"),
    "selfhost on the newest Kubernetes": values(SELFHOST, kubernetes="1.37.0"),
    "ha": values(HA, [SHARED_CADDY]),
    "ha, Caddy on a storage module": values(HA, ["caddy.storage.config=redis"]),
    "ha, journals on the node": values(HA, [SHARED_CADDY, "edge.journal.volume=hostPath"]),
    "ha, without Caddy": values(HA, ["caddy.enabled=false"]),
    "ha, everything external": values(HA, [SHARED_CADDY, *EVERYTHING_EXTERNAL]),
    "ha, IPv6": values(HA, [SHARED_CADDY, "network.listen=::", "network.ipFamilyPolicy=SingleStack"]),
    "edge-only": values(EDGE_ONLY, FAR),
    "edge-only, several sites": values(EDGE_ONLY, [*FAR, "edge.autoscaling.enabled=true", "edge.journal.volume=emptyDir"]),
    "edge-only, Redis elsewhere": values(EDGE_ONLY, [*FAR, *EXTERNAL["redis"]]),
    "origin of several sites": values(SELFHOST, ["api.exposeGrpc=true"]),
    "k3s with Traefik": values(SELFHOST, apis=(TRAEFIK,)),
    "Traefik by name": values(SELFHOST, ["ingress.exposure=traefik"]),
    "something of one's own in front": values(SELFHOST, ["ingress.exposure=clusterIP"]),
    "a balancer of a cloud": values(SELFHOST, ["ingress.exposure=loadBalancer", "ingress.annotations.example\\.com/balancer=small"]),
    "IPv6": values(SELFHOST, ["network.listen=::", "network.ipFamilyPolicy=SingleStack"]),
    "dual stack": values(SELFHOST, ["network.listen=::", "network.ipFamilyPolicy=PreferDualStack"]),
    "everything external": values("", EVERYTHING_EXTERNAL),
    **{f"external {name}": values(SELFHOST, sets) for name, sets in EXTERNAL.items()},
    "no Redis at all": values(SELFHOST, ["redis.enabled=false"]),
    "air-gapped": values(
        SELFHOST,
        [
            "global.imageRegistry=registry.internal:5000/mirror",
            "global.imagePullSecrets[0]=registry",
            "ingress.acme.enabled=false",
            "ingress.tlsSecret=own-certificate",
        ],
    ),
    "a private authority": values(
        SELFHOST, ["ingress.acme.directory=https://ca.internal/acme", "ingress.acme.caSecret=own-ca", "ingress.acme.email=ops@example.com"]
    ),
    "Argo CD with a Prometheus operator": values(SELFHOST, apis=(OPERATOR, TRAEFIK)),
    "another release name and namespace": values(SELFHOST, release="elido-green", namespace="elido-green"),
    "without network policies": values(SELFHOST, ["networkPolicies.enabled=false"]),
    "journals in emptyDir": values(SELFHOST, ["edge.journal.volume=emptyDir"]),
    "journals handed over": values(SELFHOST, ["edge.journal.volume=emptyDir", "edge.journal.handOver=true"]),
    "ha, journals handed over": values(HA, [SHARED_CADDY, "edge.journal.handOver=true"]),
    "edges by load": values(SELFHOST, ["edge.autoscaling.enabled=true"]),
    "api by load": values(SELFHOST, ["api.autoscaling.enabled=true", "api.autoscaling.max=4"]),
    "Ory beside it": values(SELFHOST, ["identity.provider=ory"]),
    "ha, with Ory": values(HA, [SHARED_CADDY, "identity.provider=ory"]),
    "replicated ClickHouse": values(SELFHOST, ["clickhouse.replicas=3"]),
    "a tag of digits": values(SELFHOST, ["image.tag=1234567"]),
    "a tag of a commit": values(SELFHOST, ["image.tag=9e2b049"]),
    "a test with a key": values(SELFHOST, ["selftest.secretName=tester"]),
    "mail by a relay": values(SELFHOST, ["mail.secretName=relay", "mail.from=Links <links@example.com>"]),
    "several hosts": values(SELFHOST, ["ingress.hosts.redirect[1]=go.example.org"]),
    "pods with marks and places": values(
        SELFHOST,
        [
            "podLabels.team=links",
            "podAnnotations.example\\.com/scrape=yes",
            "nodeSelector.disk=fast",
            "tolerations[0].key=dedicated",
            "tolerations[0].operator=Exists",
            "priorityClassName=important",
            "serviceAccount.annotations.example\\.com/role=elido",
        ],
    ),
    "settings and variables besides": values(
        SELFHOST,
        [
            "edge.extraConfig.edge.rate_limit_per_second=50",
            "api.extraConfig.identity.open_registration=true",
            "api.env[0].name=ELIDO_LOG__FILTER",
            "api.env[0].value=debug",
        ],
    ),
    "Hydra's tokens": values(
        SELFHOST,
        [
            "identity.provider=ory",
            "api.extraConfig.identity.oidc.hydra.issuer=https://api.example.com/",
            "api.extraConfig.identity.oidc.hydra.client_id=elido",
            "api.extraConfig.identity.oidc.hydra.access_tokens=introspection",
            "api.extraConfig.identity.oidc.hydra.introspection_url=http://hydra:4445/admin/oauth2/introspect",
        ],
    ),
    "Secrets under other names": values(
        SELFHOST, [f"secrets.existing.{name}=vault-{name}" for name in ("postgres", "redis", "clickhouse", "minio", "grpc", "keys")]
    ),
    "storage classes": values(
        SELFHOST, [f"{name}.storage.className=fast" for name in ("postgres", "redis", "clickhouse", "redpanda", "minio", "caddy")]
    ),
    "short retention": values(SELFHOST, ["redpanda.retention=36h"]),
    "bare minimum": values("", ["redis.enabled=false", "networkPolicies.enabled=false", "edge.replicas=1"]),
    "a restore of the last backup": values(SELFHOST, RESTORE),
    "a restore of a day": values(SELFHOST, [*RESTORE, "restore.backupDate=2026-05-01"], namespace="elido-restore"),
    "a restore to a moment": values(SELFHOST, [*RESTORE, "restore.targetTime=2026-05-01 14:05:00+00"], namespace="elido-restore"),
    "a restore after a disaster": values(SELFHOST, [*RESTORE, "restore.quiet=false", "restore.targetTime=latest"]),
    "a restore of ha": values(HA, [SHARED_CADDY, *RESTORE], namespace="elido-restore"),
    "a restore into servers elsewhere": values(SELFHOST, [*RESTORE, *EXTERNAL["postgres"], *EXTERNAL["clickhouse"]]),
    "a copy beside servers elsewhere": values(SELFHOST, [*RESTORE, *EVERYTHING_EXTERNAL], namespace="elido-green"),
    "a restore of a day, with more edges": values(SELFHOST, [*RESTORE, "edge.replicas=5", "restore.backupDate=2026-05-01"], namespace="elido-restore"),
    "a copy of another version": values(SELFHOST, [*RESTORE, "image.tag=2.0.0", "restore.backupDate=2026-05-01"], namespace="elido-restore"),
    "a bucket that others read": values(SELFHOST, ["backups.allowRestoreFrom[0]=elido-blue"], namespace="elido-green"),
    "backups elsewhere": values(SELFHOST, ["backups.s3.secretName=my-bucket"]),
    "no ClickHouse and no Caddy": values(SELFHOST, [*EXTERNAL["clickhouse"], "caddy.enabled=false"]),
    "another bucket": values(SELFHOST, ["backups.postgres.s3Bucket=far-away"]),
    "backups of servers elsewhere": values(SELFHOST, [*EXTERNAL["postgres"], *EXTERNAL["clickhouse"]]),
    "no backups": values(SELFHOST, ["backups.postgres.enabled=false", "backups.clickhouse.enabled=false", "postgres.walArchive.enabled=false"]),
    "a Prometheus of one's own": values(SELFHOST, ["monitoring.prometheus.install=false", "monitoring.prometheus.crds=true", "monitoring.prometheus.scrapeFrom[0]=observe"]),
    "no monitoring": values(SELFHOST, ["monitoring.prometheus.enabled=false"]),
    "a password for Grafana": values(SELFHOST, ["monitoring.grafana.adminPassword=change-me"]),
    "one more of everything": values(SELFHOST, ["edge.replicas=4", "api.replicas=2", "ingester.replicas=3", "workers.replicas=2"]),
}

# What is refused, and a part of the reason.
REFUSALS = [
    (["monitoring.grafana.password=x"], "property password"),
    (["imagee.tag=1"], "property imagee"),
    (["edge.resource.cpu=1"], "property resource"),
    (["global.domain=example.com"], "hosts are in ingress.hosts.redirect"),
    (["edge.replicas=0"], "/edge/replicas"),
    (["edge.resources.limits.cpu=1"], "property cpu"),
    (["redpanda.retention=7 days"], "/redpanda/retention"),
    (["network.listen=127.0.0.1"], "/network/listen"),
    (["ingress.exposure=ingress"], "/ingress/exposure"),
    (["ingress.hosts.api=api_example"], "/ingress/hosts/api"),
    (["ingress.hosts.redirect[0]=https://r.example.com"], "/ingress/hosts/redirect/0"),
    (["ingress.hosts.redirect=null"], "ingress.hosts.redirect is empty"),
    (["ingress.hosts.dashboard="], "ingress.hosts.dashboard is empty"),
    (["ingress.hosts.api=r.example.com"], "names a host twice"),
    (["ingress.acme.enabled=false"], "ingress.tlsSecret is empty"),
    (["ingress.acme.directory=http://ca.internal"], "/ingress/acme/directory"),
    (["ha.enabled=true"], "storage that they share"),
    (["ha.enabled=true", SHARED_CADDY, "edge.journal.volume=claim"], "keeps all edges on one node"),
    (["postgres.enabled=false"], "external.postgres.secretName is empty"),
    (["external.kafka.secretName=bus"], "redpanda.enabled is true"),
    (["external.redis.secretName=cache"], "redis.enabled is true"),
    (["redpanda.enabled=false"], "external.kafka.secretName is empty"),
    (["api.enabled=false"], "origin.url is empty"),
    (["api.enabled=false", "origin.url=https://g:50051"], "Both belong to the release that has the api"),
    (["origin.url=http://g:50051"], "/origin/url"),
    (["edge.autoscaling.min=20"], "edge.autoscaling.min is above"),
    (["identity.provider=keycloak"], "/identity/provider"),
    (["edge.journal.volume=disk"], "/edge/journal/volume"),
    (["edge.journal.volume=claim", "edge.journal.handOver=true"], "edge.journal.handOver is for"),
    (["redpanda.enabled=false", *FAR, "edge.journal.handOver=true"], "needs objects that workers of the origin read"),
    (["clickhouse.replicas=0"], "/clickhouse/replicas"),
    (["minio.bucket=No"], "/minio/bucket"),
    (["postgres.image=Bad Image"], "/postgres/image"),
    ([*RESTORE, "restore.backupDate=1 May 2026"], "/restore/backupDate"),
    ([*RESTORE, "restore.targetTime=yesterday"], "/restore/targetTime"),
    ([*RESTORE, "restore.backupDate=2026-05-01", "restore.targetTime=2026-05-01 14:05:00+00"], "one of the two"),
    ([*RESTORE, "restore.targetTime=2026-05-01 14:05:00+00", *EXTERNAL["postgres"]], "the chart's own PostgreSQL alone"),
    (["restore.backupDate=2026-05-01"], "restore.fromBackup is false"),
    (["backups.postgres.schedule=daily"], "/backups/postgres/schedule"),
    (["backups.postgres.retentionDays=0"], "/backups/postgres/retentionDays"),
    (["minio.enabled=false", "external.s3.secretName=my-bucket", "backups.postgres.enabled=true"], "backups.s3.secretName is empty"),
    (["minio.enabled=false", "external.s3.secretName=my-bucket", *RESTORE], "backups.s3.secretName is empty"),
    (["backups.postgres.s3Bucket=No"], "/backups/postgres/s3Bucket"),
    (["monitoring.prometheus.retention=long"], "/monitoring/prometheus/retention"),
]


class Helm:
    """The real Helm."""

    def __init__(self, executable):
        self.executable = executable

    def _run(self, *arguments):
        return subprocess.run([self.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)

    def template(self, wanted):
        """The text that it renders. Raises ValueError with what it says where it refuses."""
        arguments = ["template", wanted.release, CHART, "--namespace", wanted.namespace, "--kube-version", wanted.kubernetes]
        for one in HOSTS:
            arguments += ["--set", one]
        if wanted.file:
            arguments += ["--values", f"{CHART}/{wanted.file}"]
        for one in wanted.sets:
            arguments += ["--set", one]
        for one in wanted.apis:
            arguments += ["--api-versions", one]
        done = self._run(*arguments)
        if done.returncode != 0:
            raise ValueError(done.stderr.strip())
        return done.stdout

    def lint(self):
        """What lint --strict finds; nothing if all is well."""
        sets = [word for one in HOSTS for word in ("--set", one)]
        done = self._run("lint", "--strict", CHART, "--kube-version", "1.36.0", *sets)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def render_all(helm):
    """Every combination twice: {name: (first text, second text)}, and what failed."""

    def twice(item):
        name, wanted = item
        try:
            return name, (helm.template(wanted), helm.template(wanted)), None
        except ValueError as error:
            return name, None, str(error)

    with ThreadPoolExecutor(max_workers=4) as pool:
        done = list(pool.map(twice, COMBINATIONS.items()))
    return {name: texts for name, texts, _ in done if texts}, {name: error for name, _, error in done if error}


def told(error):
    """What Helm says of a value, with paths and misspelt names as all of its versions could write them."""
    paths = ["/" + path.replace(".", "/") for path in re.findall(r"^- ([\w.]+): ", error, re.MULTILINE)]
    names = re.findall(r"[Aa]dditional propert(?:y|ies) '?(\w+)'?", error)
    return "\n".join([error, *paths, *(f"property {name}" for name in names)])


def refused_all(helm):
    """Problems with values that should be refused for a reason."""

    def one(item):
        sets, reason = item
        try:
            helm.template(values("", sets))
        except ValueError as error:
            return None if reason in told(str(error)) else f"{sets} is refused without {reason!r}: {error}"
        return f"{sets} is not refused ({reason})"

    with ThreadPoolExecutor(max_workers=4) as pool:
        return [problem for problem in pool.map(one, REFUSALS) if problem]


def documents(text):
    return [document for document in yaml.load_all(text, Loader=LOADER) if document]
