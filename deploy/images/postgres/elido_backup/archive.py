"""The archive of PostgreSQL's log of changes: segment by segment, packed.

Invariants: every cluster has a folder of its own, named by the number that it got when it was made; what is there is never written over. So a
new cluster leaves the archive of an old one alone, and of two that go on from the same backup only one can archive into a bucket. The servers of
one cluster all archive what they have: the same segment comes several times, with the same bytes, and at the same moment too.
"""

import gzip
import os
import re
import subprocess
import zlib
from pathlib import Path

from . import postgres
from .failure import Failure

FOLDER = "wal/"
# PostgreSQL gives a recovery up where its command ends so, in place of taking the archive to be at its end.
BROKEN_OFF = 255


def folder(cluster):
    return f"{FOLDER}{cluster}/"


def cluster(data_folder="."):
    """The number of the cluster whose files these are. PostgreSQL calls its commands in their folder."""
    command = [postgres.binary("pg_controldata"), str(data_folder)]
    run = subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True)
    if found := re.search(r"^Database system identifier:\s+(\d+)$", run.stdout, re.MULTILINE):
        return found[1]
    raise Failure(f"the number of the cluster in {Path(data_folder).resolve()} cannot be read: {run.stderr.strip()}")


def name_of(path):
    return folder(cluster()) + Path(path).name + ".gz"


def keep(bucket, path):
    """Archives a segment, unless it is there already; comes back when its bytes are those in the bucket."""
    key, data = name_of(path), Path(path).read_bytes()
    if not bucket.has(key):
        bucket.put_new(key, gzip.compress(data, compresslevel=3, mtime=0))
    # Whoever wrote it: another server of the cluster may have been first, or last where the bucket knows no first.
    if unpacked(bucket, key) != data:
        raise Failure(
            f"s3://{bucket.name}/{key} is there with other bytes: another server goes on from the same backup as this one, and archives into the "
            "same bucket. Name an empty bucket in backups.s3.secretName"
        )


def fetch(bucket, name, path):
    """Writes a segment of the archive into a file; whether there is one."""
    key = name_of(name)
    if not bucket.has(key):
        return False
    # PostgreSQL must not find half of it.
    half = Path(f"{path}.part")
    half.write_bytes(unpacked(bucket, key))
    half.rename(path)
    return True


def unpacked(bucket, key):
    try:
        return gzip.decompress(bucket.open(key).read())
    except (OSError, EOFError, zlib.error) as error:
        raise Failure(f"s3://{bucket.name}/{key} is not what was written: {error}") from error


def is_segment(key):
    name = key.split("/")[-1].split(".")[0]
    return len(name) == 24 and all(digit in "0123456789ABCDEF" for digit in name)


def needless(bucket, copies, gone):
    """Segments from before the first copy of files of their cluster, and all of clusters whose last copy is `gone`. Both are lists of manifests.
    Histories of timelines stay as long as their cluster does."""
    firsts, found = {}, []
    for copy in copies:
        first = copy["first_segment"][8:24]
        firsts[copy["cluster"]] = min(first, firsts.get(copy["cluster"], first))
    for number, first in firsts.items():
        segments = [key for key, _ in bucket.list(folder(number)) if is_segment(key)]
        found += [key for key in segments if key.split("/")[-1][8:24] < first]
    for number in {copy["cluster"] for copy in gone} - set(firsts):
        found += [key for key, _ in bucket.list(folder(number))]
    return found
