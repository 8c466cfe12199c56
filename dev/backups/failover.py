"""A PostgreSQL is lost with its disk while the bucket of its archive is away, and its standby takes over. When the bucket is back, all that the
standby had received is archived, and servers are restored from there: as it was last, and as it was before.
"""

import copy
import json
import subprocess
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

from backups.archive import BINARIES, Server
from backups.program import IMAGE, TOOLS, Storage, install
from distance import Distance
from harness import die, free_ports, say, shell

# What is written while the bucket is there, while it is away, and by the standby that has taken over: a segment each.
SEGMENTS = 4
PATIENCE_S = 150


def wait(what, server, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            die(f"no {what} within {PATIENCE_S} s: {server.tail()}")
        time.sleep(0.2)


class Standby(Server):
    """Receives what a primary writes, over a connection, and archives it as well."""

    def follow(self, primary):
        self.run(BINARIES / "pg_basebackup", "--pgdata", self.data, "--write-recovery-conf", "--checkpoint=fast", f"--dbname=host=127.0.0.1 port={primary.port} user=postgres")
        self.configure()
        self.start()

    def has_received(self, position):
        return self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn") == "t"

    def promote(self):
        self.ask("SELECT pg_promote()")


def write(server):
    """Rows, and the names of the segments that are full of them."""
    names = []
    for _ in range(SEGMENTS):
        server.ask("INSERT INTO rows DEFAULT VALUES")
        names.append(server.ask("SELECT pg_walfile_name(pg_switch_wal())"))
    return names


def archived(server):
    return [int(count) for count in server.ask("SELECT archived_count, failed_count FROM pg_stat_archiver").split("|")]


def lose_while_away(storage, primary, standby, distance):
    """What is to be in the archive in the end, how many rows there were at which moment, and what is wrong."""
    primary.make()
    primary.ask("CREATE TABLE rows (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
    primary.base_backup()
    standby.follow(primary)
    segments = write(primary)
    for server in (primary, standby):
        wait("segments in the archive", server, lambda server=server: archived(server)[0] >= SEGMENTS)
    refused = [server for server in (primary, standby) if archived(server)[1]]
    broken = [f"a server was refused what both of them archive: {server.tail()}" for server in refused]
    say("losing the primary while the bucket is away")
    distance.be("refused")
    segments += write(primary)
    rows, moment, position = primary.ask("SELECT count(*), clock_timestamp(), pg_current_wal_lsn() FROM rows").split("|")
    wait("rows on the standby", standby, lambda: standby.has_received(position))
    if segments[-1] in " ".join(storage.keys("wal/")):
        broken.append("a segment has come into the bucket while that was away")
    primary.lose()
    standby.promote()
    segments += write(standby)
    distance.be("whole")
    # Something new, or PostgreSQL waits a minute before it tries what has failed three times.
    segments += write(standby)
    return segments, int(rows), moment, broken


def race(storage, server):
    """Two servers find at the same moment that a segment is not there: who comes second takes the bytes of the first, and is refused with others."""
    lines = """
import sys
from elido_backup import archive, bucket
store = bucket.Bucket()
store.has = lambda key: False
archive.cluster = lambda: "race"
try:
    archive.keep(store, sys.argv[1])
except archive.Failure as failure:
    sys.exit(str(failure))
"""
    folder = server.folder / "others"
    folder.mkdir()
    folder.chmod(0o755)
    segment, name = server.folder / ("A" * 24), "A" * 24
    segment.write_bytes(b"the first" * 1000)
    (folder / name).write_bytes(b"the other" * 1000)

    def keep(path):
        command = [TOOLS / "bin/python", "-c", lines, path]
        return subprocess.run(command, cwd=IMAGE, env=storage.environment, capture_output=True, text=True, timeout=120)

    first, same, other, again = [keep(path) for path in (segment, segment, folder / name, segment)]
    wrong = [f"a segment that another server has just archived is refused: {run.stderr}" for run in (first, same, again) if run.returncode != 0]
    wrong += [] if other.returncode != 0 and "is there with other bytes" in other.stderr else [f"other bytes of a segment that has just come: {other.returncode} {other.stderr}"]
    segment.rename(server.folder / ("B" * 24))
    runs = []
    threads = [threading.Thread(target=lambda: runs.append(keep(server.folder / ("B" * 24)))) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return wrong + [f"one of four who archive the same is refused: {run.stderr}" for run in runs if run.returncode != 0]


def restored(storage, parts, moment):
    """How many rows a new server has that is restored from the archive."""
    server = Server(storage)
    parts.callback(server.remove)
    server.restore(moment)
    return int(server.ask("SELECT count(*) FROM rows"))


def run(arguments):
    del arguments
    install()
    shell("need_packages postgresql-15")
    with ExitStack() as parts:
        storage, way = Storage(), free_ports(1)[0]
        distance = Distance([(way, urlsplit(storage.endpoint).port)], delay_ms=0, jitter_ms=0, seed=1)
        parts.callback(distance.remove)
        far = copy.copy(storage)
        far.environment = storage.environment | {"BACKUP_ENDPOINT": f"http://127.0.0.1:{way}"}
        primary, standby = Server(far), Standby(far)
        for server in (primary, standby):
            parts.callback(server.remove)
        say("archiving from a primary and its standby")
        segments, rows, moment, broken = lose_while_away(storage, primary, standby, distance)
        keys = lambda: " ".join(storage.keys("wal/"))
        start = time.monotonic()
        wait("last segment in the archive", standby, lambda: segments[-1] in keys())
        seconds, missing = time.monotonic() - start, [name for name in segments if name not in keys()]
        broken += [f"{len(missing)} of {len(segments)} segments are not in the archive: {missing}"] if missing else []
        broken += race(storage, standby)
        standby.base_backup()
        pruned = json.loads(standby.run(IMAGE / "elido-backup", "prune", "--days", 30).rpartition("RESULT ")[2])
        say("restoring what was last archived, and the moment before the primary was lost")
        found = {"rows": restored(copy.copy(storage), parts, "latest"), "rows_before": restored(copy.copy(storage), parts, moment)}
        expected = {"rows": rows + 2 * SEGMENTS, "rows_before": rows}
        broken += [f"{found} rows are restored, of {expected}"] if found != expected else []
    figures = {"failover_segments": len(segments), "failover_segments_missing": len(missing), "failover_rows_expected": expected["rows"], "failover_rows_restored": found["rows"]}
    return figures | {"failover_archived_after_seconds": round(seconds, 1), "failover_segments_pruned": pruned["segments_deleted"]}, broken
