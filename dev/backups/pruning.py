"""elido-backup prune is ended after each of its requests in turn: whatever is left, every backup that is whole by its manifest has all that its
restore needs. The objects are empty, and their names are those of real ones.
"""

import json
import subprocess

from backups.program import IMAGE, TOOLS, Storage, install
from harness import die, say

DAYS = 30
# Fills the bucket, prunes until so many requests have been made, and prints what is left.
LINES = """
import json, sys
from datetime import timedelta
from elido_backup import archive, bucket, catalog, prune

class Ending(bucket.Bucket):
    requests_left = 1000

    def delete(self, keys):
        # One without keys is none.
        if keys and not self.requests_left:
            raise InterruptedError
        self.requests_left -= bool(keys)
        super().delete(keys)

# Once: a name that is made twice is the same, also across a second.
NOW = catalog.now()

def name(days):
    return (NOW - timedelta(days=days)).strftime(catalog.MOMENT)

def fill(store):
    store.delete([key for key, _ in store.list("")])
    for number in range(1, 13):
        for timeline in (1, 2):
            store.put(f"wal/7/{timeline:08X}00000000{number:08X}.gz", b"")
    store.put("wal/7/00000002.history.gz", b"")
    store.put("wal/8/000000010000000000000001.gz", b"")
    for place, days in enumerate((90, 80, 70, 60, 50)):
        folder = f"base/{name(days)}/"
        store.put(folder + "base.tar.gz", b"")
        # The oldest is of a cluster that was there before.
        store.write(folder + catalog.MANIFEST, {"cluster": "8" if place == 0 else "7", "first_segment": f"0000000100000000{2 * place + 1:08X}", "object": folder + "base.tar.gz"})
    full = None
    for days in (90, 89, 88, 70, 69, 50, 49):
        folder = f"clickhouse/{name(days)}/"
        full = name(days) if days % 10 == 0 else full
        store.put(folder + "data", b"")
        store.write(folder + catalog.MANIFEST, {"base": None if days % 10 == 0 else full})

store = Ending()
fill(store)
store.requests_left, done = int(sys.argv[1]), True
try:
    prune.prune(store, int(sys.argv[2]))
except InterruptedError:
    done = False
manifests = {backup.folder: backup.manifest(store) for kind in ("base", "clickhouse") for backup in catalog.whole(store, kind)}
print(json.dumps({"done": done, "keys": [key for key, _ in store.list("")], "manifests": manifests}))
"""


def left_after(storage, requests):
    command = [TOOLS / "bin/python", "-c", LINES, str(requests), str(DAYS)]
    run = subprocess.run(command, cwd=IMAGE, env=storage.environment, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        die(run.stderr)
    return json.loads(run.stdout)


def missing(left):
    """What backups need that is not there."""
    keys, manifests = set(left["keys"]), left["manifests"]
    found = []
    for folder, manifest in manifests.items():
        if folder.startswith("clickhouse/"):
            needed = {f"{folder}data"} | ({f"clickhouse/{manifest['base']}/data", f"clickhouse/{manifest['base']}/manifest.json"} if manifest["base"] else set())
        else:
            first = int(manifest["first_segment"][16:], 16)
            timelines, last = ((1, 2), 12) if manifest["cluster"] == "7" else ((1,), 1)
            needed = {f"wal/{manifest['cluster']}/{timeline:08X}00000000{number:08X}.gz" for timeline in timelines for number in range(first, last + 1)} | {manifest["object"]}
        found += [f"{folder} needs {key}" for key in sorted(needed - keys)]
    return found


def run(arguments):
    del arguments
    install()
    say("ending a pruning after each of its requests")
    storage, broken, requests, left = Storage(), [], 0, {"done": False}
    while not left["done"]:
        left = left_after(storage, requests)
        broken += [f"after {requests} requests of a pruning, {what}" for what in missing(left)]
        requests += 1
    segments = [key for key in left["keys"] if key.startswith("wal/")]
    # Of the log, what the third last copy of files needs: from its fifth segment on, on both timelines, with their history.
    if len(segments) != 2 * 8 + 1 or any(key.startswith("wal/8/") for key in segments):
        broken.append(f"pruning has left {segments} of the log")
    if len(left["manifests"]) != 3 + 4:
        broken.append(f"pruning has left {sorted(left['manifests'])}")
    return {"prunings_ended": requests - 1}, broken
