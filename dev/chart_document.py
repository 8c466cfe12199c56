"""The commands of docs/self-hosting.md, read from there and run as they are written, but for what a test has to replace. What it replaces has to be
there, so that a command that is changed in the document alone breaks the run.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from harness import Elido

DOCUMENT = Path("docs/self-hosting.md")
INSTALL, ACCOUNT = "Install", "The first account"
# How many commands there are in each part, and what each of them does, in their order.
PARTS = {INSTALL: ("secrets", "preflight", "helm"), ACCOUNT: ("setup", "bootstrap", "key", "upgrade", "test")}

# What is in the document for people, and what a run in a cluster of a test has in its place.
TAG = "$(git rev-parse --short HEAD)"
VALUES = "-f ./deploy/helm/elido/values-selfhost.yaml"
OWN_VALUES = "-f my-values.yaml"
PASSWORD_FILE = "<password-file"
TOKEN = "token=elido_…"
# Nothing in the test's network looks names up where preflight.sh does.
NAMES = " r.example.com api.example.com app.example.com"

# What a run without a cluster has in place of what only a cluster can do.
RENDERED = {"helm -n elido upgrade --install elido": "helm -n elido template elido --kube-version 1.36.0", " --create-namespace --wait --timeout 10m": "", TAG: "one"}
RENDERED_AGAIN = {"helm -n elido upgrade elido": "helm -n elido template elido --kube-version 1.36.0"}
IN_POD = {"kubectl -n elido exec deploy/api -- ": "", "/usr/local/bin/elido": "elido"}
IN_POD_WITH_INPUT = {"kubectl -n elido exec -i deploy/api -- ": "", "/usr/local/bin/elido": "elido"}


def commands(heading):
    """Every command in the blocks of a section, by what it does."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    if not section:
        sys.exit(f"error: {DOCUMENT} has no section «{heading}»")
    blocks = re.findall(r"^```\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    found = [re.sub(r"\s+", " ", line) for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    if len(found) != len(PARTS[heading]):
        sys.exit(f"error: «{heading}» of {DOCUMENT} has {len(found)} commands, not one for each of {', '.join(PARTS[heading])}: {found}")
    return dict(zip(PARTS[heading], found))


def replaced(command, changes):
    """A command with what has to be another one."""
    for written, instead in changes.items():
        if written not in command:
            sys.exit(f"error: «{written}» is not in the command «{command}» of {DOCUMENT} any more")
        command = command.replace(written, instead)
    return command


def attempt(command, environment=None):
    """Runs a command as a shell does. The line before it has the first failure end it."""
    return subprocess.run(["bash", "-c", f"set -euo pipefail\n{command}"], env=environment, capture_output=True, text=True, timeout=900, check=False)


def run(command, changes):
    """Runs a command, and gives back what it prints; a failure ends the test."""
    done = attempt(replaced(command, changes))
    if done.returncode != 0:
        sys.exit(f"error: {DOCUMENT} has «{command}», which fails with {changes}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def problems(helm, executable, folder):
    """What fails of the commands as far as they can be run without a cluster."""
    folder, install, account = Path(folder), commands(INSTALL), commands(ACCOUNT)
    tools = folder / "commands"
    tools.mkdir()
    for name, place in (("helm", helm), ("elido", executable)):
        (tools / name).symlink_to(Path(place).resolve())
    own, password = folder / "my-values.yaml", folder / "password"
    own.write_text(Path("deploy/helm/elido/values-selfhost.yaml").read_text() + "\ningress:\n  hosts: {redirect: [r.example.com], api: api.example.com, dashboard: app.example.com}\n")
    password.write_text("correct horse battery")
    # What begins with ELIDO_ would be a setting of the executable.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ELIDO_")} | {"PATH": f"{tools}:{os.environ['PATH']}"}
    with Elido(executable) as elido:
        elido.start("all")
        there = environment | {"ELIDO_DATA_FOLDER": str(elido.settings["data_folder"]), "ELIDO_INTERNAL__LISTEN": f"127.0.0.1:{elido.internal}"}
        # What is asked of each command: how it ends, and words that it prints.
        said = [
            (attempt(install["secrets"] + " --dry-run"), 0, "name: elido-keys"),
            (attempt(install["preflight"], environment | {"KUBECONFIG": str(folder / "none")}), 1, "kubectl reaches no cluster"),
            (attempt(replaced(install["helm"], RENDERED), environment), 0, "kind: Deployment"),
            (attempt(replaced(account["setup"], IN_POD), there), 0, "/setup"),
            (attempt(replaced(account["bootstrap"], IN_POD_WITH_INPUT | {PASSWORD_FILE: f"<{password}"}), there), 0, ""),
            (attempt(account["key"] + " --dry-run=client --output yaml", environment), 0, "name: elido-selftest"),
            (attempt(replaced(account["upgrade"], RENDERED_AGAIN | {OWN_VALUES: f"-f {own}"}), environment), 0, "elido-selftest"),
        ]
        found = [f"{run.args[2].splitlines()[1]} ends with {run.returncode}: {(run.stdout + run.stderr)[-400:]}" for run, code, words in said if run.returncode != code or words not in run.stdout + run.stderr]
        if not found:
            elido.api("POST", "/v1/auth/sign-in", {"email": "ops@example.com", "password": "correct horse battery"})
    return found
