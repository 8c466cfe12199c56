"""Laws that rendered objects keep: each function takes the documents of one render and yields what breaks its law."""

import json
import re
from functools import lru_cache
from pathlib import Path

import jsonschema
import referencing
from importlib_resources import files

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
# What Patroni writes on its pods as they run.
RUNTIME_LABELS = ("elido.app/postgres-role",)
OWN_SCHEMAS = Path("tests/schemas")
KUBERNETES = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")


def name_of(document):
    return f"{document['kind']}/{document['metadata']['name']}"


def pod_template(document):
    """The metadata and spec of the pods that a workload makes, or None."""
    kind = document["kind"]
    if kind == "Pod":
        return document
    if kind == "CronJob":
        return document["spec"]["jobTemplate"]["spec"]["template"]
    if kind in WORKLOADS:
        return document["spec"]["template"]
    return None


def pods(documents):
    for document in documents:
        template = pod_template(document)
        if template:
            yield document, template["metadata"].get("labels", {}), template["spec"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


# Schemas


@lru_cache
def _definitions(version):
    folder = files("kubernetes_validate").joinpath(f"kubernetes-json-schema/v{version}.0-local-strict")
    definitions = json.loads(folder.joinpath("_definitions.json").read_text())
    return folder, referencing.Resource.from_contents(definitions) @ referencing.Registry()


@lru_cache
def _validator(version, kind, api):
    folder, registry = _definitions(version)
    short = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api)
    own = OWN_SCHEMAS / f"{kind.lower()}.json"
    if own.exists():
        return jsonschema.Draft202012Validator(json.loads(own.read_text()))
    schema = json.loads(folder.joinpath(f"{kind.lower()}-{short}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=referencing.Resource.from_contents(schema) @ registry)


def schema_problems(document, versions=KUBERNETES):
    """Whether each version of Kubernetes knows every field, and whether it holds what it should."""
    for version in versions:
        try:
            validator = _validator(version, document["kind"], document["apiVersion"])
        except FileNotFoundError:
            yield f"{name_of(document)}: Kubernetes {version} has no {document['apiVersion']} {document['kind']}"
            continue
        for error in validator.iter_errors(document):
            yield f"{name_of(document)} on {version}: {error.json_path}: {error.message[:200]}"


# Pods


def pod_problems(documents, may_use_host_path=False):
    """Pod Security "restricted", and what every pod of the chart holds to besides."""
    volumes = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"} | ({"hostPath"} if may_use_host_path else set())
    for document, labels, spec in pods(documents):
        name = name_of(document)
        context = spec.get("securityContext", {})
        for key, wanted in (("runAsNonRoot", True), ("seccompProfile", {"type": "RuntimeDefault"})):
            if context.get(key) != wanted:
                yield f"{name}: securityContext.{key} is {context.get(key)}"
        if not context.get("runAsUser"):
            yield f"{name}: no uid"
        if spec.get("hostNetwork") or spec.get("hostPID") or spec.get("hostIPC"):
            yield f"{name}: shares something with its node"
        if spec.get("enableServiceLinks") is not False:
            yield f"{name}: enableServiceLinks"
        if spec.get("automountServiceAccountToken") is not False and labels.get("app.kubernetes.io/component") not in ("postgres", "prometheus"):
            yield f"{name}: a token of the Kubernetes API is mounted"
        for volume in spec.get("volumes", []):
            kind = next(key for key in volume if key != "name")
            if kind not in volumes:
                yield f"{name}: volume {volume['name']} is a {kind}"
        for container in containers(spec):
            yield from _container_problems(f"{name} {container['name']}", container)


def _container_problems(name, container):
    context = container.get("securityContext", {})
    capabilities = context.get("capabilities", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: may escalate privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: writes to its root file system"
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities are {capabilities}"
    resources = container.get("resources", {})
    for key in ("cpu", "memory"):
        if key not in resources.get("requests", {}):
            yield f"{name}: requests no {key}"
    if "memory" not in resources.get("limits", {}):
        yield f"{name}: no limit of memory"
    if "cpu" in resources.get("limits", {}):
        yield f"{name}: a limit of the CPU"
    if not re.search(r"[:@]", container["image"].rsplit("/", 1)[-1]) or container["image"].endswith(":latest"):
        yield f"{name}: the image {container['image']} names no version"


def service_problems(documents):
    """Every Service, budget and autoscaler meets pods, and ports that they have."""
    known = [(labels, containers(spec)) for _, labels, spec in pods(documents)]
    for document in documents:
        if document["kind"] == "Service" and document["spec"].get("selector"):
            wanted = {key: value for key, value in document["spec"]["selector"].items() if key not in RUNTIME_LABELS}
            met = [found for labels, found in known if wanted.items() <= labels.items()]
            ports = {port["name"] for found in met for container in found for port in container.get("ports", [])}
            if not met:
                yield f"{name_of(document)}: no pod has its labels"
            for port in document["spec"]["ports"]:
                # One Service for the metrics of all components has ports of those that a release may lack.
                is_of_one = "app.kubernetes.io/component" in wanted
                if is_of_one and isinstance(port.get("targetPort"), str) and port["targetPort"] not in ports:
                    yield f"{name_of(document)}: no pod has a port {port['targetPort']}"
        if document["kind"] == "PodDisruptionBudget":
            wanted = document["spec"]["selector"]["matchLabels"]
            if not any(wanted.items() <= labels.items() for labels, _ in known):
                yield f"{name_of(document)}: no pod has its labels"
        if document["kind"] == "HorizontalPodAutoscaler":
            target = document["spec"]["scaleTargetRef"]
            found = [one for one in documents if one["kind"] == target["kind"] and one["metadata"]["name"] == target["name"]]
            if not found or "replicas" in found[0]["spec"]:
                yield f"{name_of(document)}: its Deployment is missing, or says how many pods it has"


def reference_problems(documents):
    """ConfigMaps, claims and service accounts that pods name are rendered, but for those that the operator brings."""
    rendered = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for document, _, spec in pods(documents):
        account = spec.get("serviceAccountName")
        if account and ("ServiceAccount", account) not in rendered:
            yield f"{name_of(document)}: there is no ServiceAccount {account}"
        for volume in spec.get("volumes", []):
            if "configMap" in volume and ("ConfigMap", volume["configMap"]["name"]) not in rendered:
                yield f"{name_of(document)}: there is no ConfigMap {volume['configMap']['name']}"
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim != "caddy-shared" and ("PersistentVolumeClaim", claim) not in rendered:
                yield f"{name_of(document)}: there is no claim {claim}"
        for container in containers(spec):
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            has = {volume["name"] for volume in spec.get("volumes", [])}
            has |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
            if mounts - has:
                yield f"{name_of(document)} {container['name']}: mounts {mounts - has}, which are no volumes"
            places = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            if len(places) != len(set(places)):
                yield f"{name_of(document)} {container['name']}: mounts two volumes in one place"


def unique_problems(documents):
    """No name is given twice, and none that Patroni gives its own ConfigMaps."""
    seen = {("v1", "ConfigMap", f"elido-{name}") for name in ("config", "leader", "sync", "failover")}
    for document in documents:
        key = (document["apiVersion"], document["kind"], document["metadata"]["name"])
        if key in seen:
            yield f"{name_of(document)} is rendered twice, or is Patroni's"
        seen.add(key)


# Sizes


def millicores(text):
    text = str(text)
    return float(text[:-1]) if text.endswith("m") else float(text) * 1000


def mebibytes(text):
    units = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}
    return float(text[:-2]) * units[text[-2:]]


def requests(documents):
    """What all pods that go on running ask for together: (millicores, MiB)."""
    cpu = memory = 0
    for document, _, spec in pods(documents):
        if document["kind"] in ("Job", "CronJob", "Pod"):
            continue
        count = document["spec"].get("replicas", 1)
        for container in spec["containers"]:
            wanted = container["resources"]["requests"]
            cpu += count * millicores(wanted["cpu"])
            memory += count * mebibytes(wanted["memory"])
    return cpu, memory


def images(documents):
    return {container["image"] for _, _, spec in pods(documents) for container in containers(spec)}


# What cannot change


def immutable(documents):
    """The fields of a release that Kubernetes lets nobody change: {object: fields}."""
    kept = {}
    for document in documents:
        spec = document.get("spec", {})
        kind = document["kind"]
        if kind in ("Deployment", "DaemonSet"):
            fields = {"selector": spec["selector"]}
        elif kind == "StatefulSet":
            claims = [{**claim, "spec": {**claim["spec"], "resources": None}} for claim in spec.get("volumeClaimTemplates", [])]
            fields = {"selector": spec["selector"], "serviceName": spec["serviceName"], "podManagementPolicy": spec.get("podManagementPolicy"), "claims": claims}
        elif kind == "PersistentVolumeClaim":
            fields = {"accessModes": spec["accessModes"], "storageClassName": spec.get("storageClassName")}
        elif kind == "Service":
            fields = {"headless": spec.get("clusterIP") == "None"}
        elif kind == "RoleBinding":
            fields = {"roleRef": document["roleRef"]}
        else:
            continue
        kept[name_of(document)] = fields
    return kept


def immutable_problems(before, now):
    for name, fields in before.items():
        if name in now and now[name] != fields:
            yield f"{name}: {fields} became {now[name]}, which Kubernetes refuses"
