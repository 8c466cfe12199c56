"""Whether what the chart writes for servers is what they take: asked of the real executable and the real Caddy."""

import base64
import os
import re
import subprocess
from pathlib import Path

import chart_objects
from chart_renders import documents

# Secrets that operators bring, as values.yaml describes them.
BROUGHT = {
    "my-postgres": {
        "url": "postgres://elido:x@db.example.com:5432/elido",
        "kratos-url": "postgres://kratos:x@db.example.com:5432/kratos",
        "hydra-url": "postgres://hydra:x@db.example.com:5432/hydra",
    },
    "my-redis": {"url": "rediss://:x@cache.example.com:6379/0"},
    "my-clickhouse": {"url": "clickhouses://elido:x@clicks.example.com:8443/elido"},
    "my-kafka": {"url": "kafkas://bus.example.com:9093", "username": "elido", "password": "x"},
    "bus": {"url": "kafkas://bus.example.com:9093", "username": "elido", "password": "x"},
    "my-bucket": {"endpoint": "https://s3.example.com", "bucket": "elido", "region": "eu-central-1", "access-key": "a", "secret-key": "b"},
    "tester": {"token": "x"},
    "relay": {"url": "smtp://elido:x@relay.example.com:587"},
    "own-certificate": {"tls.crt": "", "tls.key": ""},
    "own-ca": {"ca.crt": ""},
}


def made_by_script():
    """What scripts/bootstrap-secrets.sh makes: {Secret: {key: value}}."""
    text = subprocess.run(["scripts/bootstrap-secrets.sh", "elido", "--dry-run"], capture_output=True, text=True, check=True, timeout=60).stdout
    return {
        document["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in document["data"].items()}
        for document in documents(text)
        if document["kind"] == "Secret"
    }


def all_secrets():
    made = made_by_script()
    renamed = {f"vault-{name.removeprefix('elido-')}": keys for name, keys in made.items()}
    return {**made, **renamed, **BROUGHT}


def named_keys(spec):
    """Every (Secret, key, optional) that a pod names."""
    for volume in spec.get("volumes", []):
        for source in volume.get("projected", {}).get("sources", []):
            for item in source.get("secret", {}).get("items", ()):
                yield source["secret"]["name"], item["key"], False
        for item in volume.get("secret", {}).get("items", []):
            yield volume["secret"]["secretName"], item["key"], False
    for container in chart_objects.containers(spec):
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield reference["name"], reference["key"], reference.get("optional", False)


def secret_problems(rendered, secrets):
    for document, _, spec in chart_objects.pods(rendered):
        for name, key, optional in named_keys(spec):
            if not optional and key not in secrets.get(name, {}):
                yield f"{chart_objects.name_of(document)}: nobody makes {key} of the Secret {name}"


def _variables(container, secrets):
    """The environment of a container, as the kubelet makes it."""
    found = {}
    for variable in container.get("env", []):
        if "value" in variable:
            found[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda match: found[match[1]], variable["value"])
        else:
            reference = variable["valueFrom"]["secretKeyRef"]
            value = secrets[reference["name"]].get(reference["key"])
            if value is not None:
                found[variable["name"]] = value
    return found


class Executable:
    """The real executable, asked whether it takes the settings of the roles. Each text is asked about once."""

    def __init__(self, path, folder, secrets):
        self.path, self.folder, self.secrets = path, Path(folder), secrets
        self.asked = {}

    def problems(self, rendered):
        config = next(document for document in rendered if document["kind"] == "ConfigMap" and document["metadata"]["name"] == "elido-settings")
        for document, _, spec in chart_objects.pods(rendered):
            role = document["metadata"]["name"]
            text = config["data"].get(f"{role}.toml")
            if document["kind"] == "Deployment" and text:
                key = (role, text, str(spec["containers"][0].get("env")), str(spec["volumes"]))
                if key not in self.asked:
                    self.asked[key] = self._refusal(role, text, spec)
                if self.asked[key]:
                    yield f"the executable refuses the settings of {role}: {self.asked[key]}"

    def _refusal(self, role, text, spec):
        root = self.folder / f"{role}-{len(self.asked)}"
        secret_files = root / "secrets"
        secret_files.mkdir(parents=True)
        (root / "data").mkdir()
        volume = next(volume for volume in spec["volumes"] if volume["name"] == "secrets")
        for source in volume["projected"]["sources"]:
            for item in source.get("secret", {}).get("items", ()):
                (secret_files / item["path"]).write_text(self.secrets[source["secret"]["name"]][item["key"]])
        file = root / "elido.toml"
        file.write_text(text.replace("/etc/elido/secrets", str(secret_files)).replace("/var/lib/elido", str(root / "data")))
        environment = {"PATH": os.environ["PATH"], **_variables(spec["containers"][0], self.secrets), "ELIDO_CONFIG": str(file)}
        done = subprocess.run([self.path, "config", "check"], env=environment, capture_output=True, text=True, timeout=120, check=False)
        return "" if done.returncode == 0 else done.stderr.strip()


class Caddy:
    """The real Caddy, asked whether it takes its file."""

    def __init__(self, path, folder):
        self.path, self.folder = path, Path(folder)
        self.asked = {}

    def problems(self, rendered):
        for document in rendered:
            if document["kind"] == "ConfigMap" and document["metadata"]["name"] == "caddy":
                text = document["data"]["Caddyfile"]
                if text not in self.asked:
                    self.asked[text] = self._refusal(text)
                if self.asked[text]:
                    yield f"Caddy refuses its file: {self.asked[text]}"

    def _refusal(self, text):
        # A storage module of somebody's own image is not in this Caddy.
        text = text.replace("storage redis", "storage file_system /data")
        text = text.replace("file_system /data", f"file_system {self.folder}/caddy").replace("/etc/elido/", f"{self.folder}/caddy-")
        file = self.folder / f"Caddyfile-{len(self.asked)}"
        file.write_text(text)
        done = subprocess.run(
            [self.path, "adapt", "--config", str(file), "--adapter", "caddyfile"], capture_output=True, text=True, timeout=120, check=False
        )
        return "" if done.returncode == 0 else done.stderr.strip()[-500:]


class Prometheus:
    """promtool, asked whether Prometheus takes its file and its rules."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.asked = {}

    def problems(self, rendered):
        for document in rendered:
            if document["kind"] == "ConfigMap" and document["metadata"]["name"] == "prometheus":
                text = document["data"]["prometheus.yml"]
                if text not in self.asked:
                    self.asked[text] = self._refusal(text, document["data"]["alerts.yaml"])
                if self.asked[text]:
                    yield f"Prometheus refuses its file: {self.asked[text]}"

    def _refusal(self, text, rules):
        (self.folder / "alerts.yaml").write_text(rules)
        file = self.folder / f"prometheus-{len(self.asked)}.yml"
        # Debian's is built without the way to ask Kubernetes for pods.
        text = re.sub(r"kubernetes_sd_configs:\n.*\n.*\n", "static_configs: []\n", text)
        file.write_text(text.replace("/etc/prometheus/", f"{self.folder}/"))
        done = subprocess.run(["promtool", "check", "config", str(file)], capture_output=True, text=True, timeout=120, check=False)
        return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-500:]


def comment_problems(text):
    """Every value of values.yaml has a comment above it, or shares the one above the values before it."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = re.match(r"( *)[A-Za-z][\w-]*:(.*)", line)
        if not match or not match[2].strip():
            continue
        above = number - 1
        while above >= 0 and re.match(match[1] + r"[A-Za-z][\w-]*:.*\S", lines[above]):
            above -= 1
        if above < 0 or not lines[above].startswith(match[1] + "#"):
            yield f"values.yaml:{number + 1}: {line.strip().split(':')[0]} has no comment"


def schema_gaps(schema, values, path=""):
    """Values without an entry in the schema, entries without a value, and objects that are not closed."""
    if schema.get("type") != "object" or "properties" not in schema:
        return
    if schema.get("additionalProperties") is not False:
        yield f"values.schema.json: {path or 'the top'} takes keys that nobody knows"
    for key in set(values) - set(schema["properties"]):
        yield f"values.schema.json has no entry for {path}{key}"
    for key, entry in schema["properties"].items():
        if key not in values and "const" not in entry:
            yield f"values.yaml has no {path}{key}"
        elif isinstance(values.get(key), dict):
            yield from schema_gaps(entry, values[key], f"{path}{key}.")
