"""Copies of the files of a running PostgreSQL, on which the archived log of changes is replayed up to any moment.

Invariant: a copy can be used for moments after its end, with the log from the segment on that its manifest names.
"""

import hashlib
import tarfile
from datetime import datetime
from pathlib import Path

from . import catalog, postgres
from .failure import Failure



def back_up(bucket, url):
    """Makes a copy; gives it back with its manifest."""
    with postgres.connect(url) as connection:
        first, cluster = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn()), system_identifier::text FROM pg_control_system()").fetchone()
        server = connection.info.server_version
    backup = catalog.new("base")
    key = backup.folder + "base.tar.gz"
    # The log is in the archive.
    command = ["pg_basebackup", "--format=tar", "--pgdata=-", "--wal-method=none", "--checkpoint=fast", "--compress=client-gzip:3"]
    with postgres.Output(command, url) as stream:
        bucket.upload(key, stream)
    manifest = {"kind": "base", "server": server, "cluster": cluster, "first_segment": first, "ended_at": catalog.now().isoformat(), **stream.facts(key)}
    bucket.write(backup.folder + catalog.MANIFEST, manifest)
    return backup, manifest


def before(bucket, moment):
    """The manifest of the last copy that had ended before a moment, or of the last of all for the moment `latest`."""
    manifests = [backup.manifest(bucket) for backup in catalog.whole(bucket, "base")]
    try:
        until = catalog.now() if moment == "latest" else datetime.fromisoformat(moment)
    except ValueError as error:
        raise Failure(f"{moment!r} is no moment: write it as 2026-05-31 14:05:00+00:00, or as latest") from error
    if until.tzinfo is None:
        until = until.replace(tzinfo=catalog.UTC)
    usable = [manifest for manifest in manifests if datetime.fromisoformat(manifest["ended_at"]) <= until]
    if not usable:
        raise Failure(f"there is no base backup from before {until} in s3://{bucket.name}; there are {len(manifests)} in all")
    return usable[-1]


class Hashed:
    """A stream that is summed up as it is read."""

    def __init__(self, stream):
        self.stream, self.sum = stream, hashlib.sha256()

    def read(self, size=-1):
        data = self.stream.read(size)
        self.sum.update(data)
        return data


def restore(bucket, folder, moment):
    """Writes the files of the last copy before a moment into an empty folder."""
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise Failure(f"{folder} is not empty: a copy of files is restored into an empty folder alone")
    manifest = before(bucket, moment)
    stream = Hashed(bucket.open(manifest["object"]))
    with tarfile.open(fileobj=stream, mode="r|gz") as archive:
        archive.extractall(target)
    while stream.read(1 << 20):
        pass
    if stream.sum.hexdigest() != manifest["sha256"]:
        raise Failure(f"s3://{bucket.name}/{manifest['object']} is not what was written: its SHA-256 differs from the manifest. Take an earlier moment")
    target.chmod(0o700)
    return manifest
