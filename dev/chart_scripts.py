"""The scripts for operators, with names and places that nobody expects. None of it needs a cluster: what is wrong is told before one is asked, and a
cluster that does not answer ends a script.
"""

import os
import shutil
import subprocess
from pathlib import Path

SCRIPTS = Path("scripts")
# What is asked for, and the words that it is refused with.
REFUSED = {
    ("purge.sh", "", "--yes-delete-all-data"): "'' is no name of a namespace",
    ("purge.sh", "--all-namespaces", "--yes-delete-all-data"): "is no name of a namespace",
    ("purge.sh", "elido", "--yes-delete-all-data"): "nothing was deleted",
    ("restore-drill.sh", "--from", "elido,image.tag=other"): "is no name of a namespace",
    ("restore-drill.sh", "--from", "e" * 56): "is no name of a namespace",
    ("restore-drill.sh", "2026-05-31", "2026-06-01"): "two dates",
    ("restore-drill.sh", "2026-05-31;true"): "the date has to look like",
    ("restore-drill.sh",): "the cluster does not say",
    ("bootstrap-secrets.sh", "Elido"): "is no name for a namespace",
    ("bootstrap-secrets.sh", "elido\nother", "--dry-run"): "is no name for a namespace",
    ("bootstrap-secrets.sh", "elido", "--backup-from", "--dry-run"): "is no name for a namespace",
    ("bootstrap-secrets.sh", "elido", "--dry-run", "--grpc-host", "x\\nbasicConstraints=critical,CA:TRUE"): "is no host name",
    ("bootstrap-secrets.sh", "elido"): "nothing was changed",
    ("preflight.sh", "elido", "$(id)"): "is no name",
    ("preflight.sh", "elido"): "kubectl reaches no cluster",
    ("images.sh", "push", "registry.example.com", "--set", "misspelt=1"): "misspelt",
}


def problems(helm, folder):
    """Refusals that do not come, or say something else; and a place with blanks, under a CDPATH, from which the list of images is another one."""
    folder = Path(folder)
    # Where the scripts look for kubectl, helm and docker: a docker that is never to be asked, because there is nothing to push.
    tools = folder / "tools"
    tools.mkdir()
    (tools / "helm").symlink_to(Path(helm).resolve())
    (tools / "docker").symlink_to("/bin/false")
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "KUBECONFIG": str(folder / "none")}
    found = []
    for (script, *arguments), words in REFUSED.items():
        run = subprocess.run([SCRIPTS / script, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        told = run.stdout + run.stderr
        if run.returncode == 0 or words not in told:
            found.append(f"{script} {arguments} ends with {run.returncode}: {told.strip()[-300:]}")
    place = folder / "a place" / "-with blanks"
    for name in ("scripts", "charts"):
        shutil.copytree(name, place / name)
    lists = [
        subprocess.run(["scripts/images.sh", "list"], cwd=where, env=environment | more, capture_output=True, text=True, timeout=120).stdout
        for where, more in ((Path(), {}), (place, {"CDPATH": str(folder / "a place")}))
    ]
    return found + ([] if lists[0] == lists[1] and lists[0] else [f"images.sh lists {lists[1]!r} in a folder with blanks"])
