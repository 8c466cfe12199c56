"""Writes images without any tool for images: layers are archives of folders, and an image is a list of layers and how to start it."""

import hashlib
import json
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

DEBIAN = "PATH=/opt/patroni/bin:/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
# Of each image: its name, its layers, what it starts, and its environment.
IMAGES = [
    ("pause:1", ["pause"], ["/pause"], []),
    ("elido:one", ["base", "elido"], ["/usr/local/bin/elido"], [DEBIAN, "ELIDO_DATA_FOLDER=/var/lib/elido"]),
    ("elido:two", ["base", "elido"], ["/usr/local/bin/elido"], [DEBIAN, "ELIDO_DATA_FOLDER=/var/lib/elido", "RELEASE=two"]),
    ("elido-postgres:local", ["base"], [], [DEBIAN]),
    ("postgres-exporter:local", ["base"], ["/usr/bin/prometheus-postgres-exporter"], [DEBIAN]),
    ("redis:local", ["base"], [], [DEBIAN]),
    ("redis-exporter:local", ["base"], ["/usr/bin/prometheus-redis-exporter"], [DEBIAN]),
    ("minio:local", ["base"], ["/usr/local/bin/minio"], [DEBIAN]),
    ("caddy:local", ["base"], [], [DEBIAN]),
    ("servers:local", ["base"], [], [DEBIAN]),
]


def pack(folder, archive):
    """Packs a folder, and gives the checksum of the archive."""
    subprocess.run(["tar", "--numeric-owner", "--sort=name", "-C", str(folder), "-cf", str(archive), "."], check=True)
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    work, target = Path(sys.argv[1]), sys.argv[2]
    archives = {name: work / f"{name}.tar" for name in ("base", "elido", "pause")}
    sums = {name: pack(work / name, archive) for name, archive in archives.items()}
    manifest = []
    with tarfile.open(target, "w") as images:

        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            images.addfile(entry, BytesIO(data))

        for name, archive in archives.items():
            images.add(archive, f"{name}.tar")
        for name, layers, entry_point, environment in IMAGES:
            config = {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Entrypoint": entry_point, "Env": environment},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sums[layer]}" for layer in layers]},
                "history": [{"created_by": name}],
            }
            data = json.dumps(config).encode()
            file = f"{hashlib.sha256(data).hexdigest()}.json"
            add(file, data)
            manifest.append({"Config": file, "RepoTags": [f"localhost/elido/{name}"], "Layers": [f"{layer}.tar" for layer in layers]})
        add("manifest.json", json.dumps(manifest).encode())


main()
