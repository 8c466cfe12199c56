"""A PostgreSQL that archives its log of changes is lost with its disk under load: how much is gone, how long it takes to be back, and
whether it can be had as it was at a moment.
"""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from backups.program import IMAGE, Storage, install
from harness import ROOT, die, free_ports, say, shell
from servers import WORK_FOLDER

BINARIES = Path("/usr/lib/postgresql/15/bin")
RESTORE_BASE = ROOT / "charts/elido-mono/files/restore-base.sh"
CREATE_DATABASES = ROOT / "charts/elido-mono/files/postgres/create-databases.sh"
# 60 in the chart. What goes with a disk is what was written since the last segment was sent.
ARCHIVE_TIMEOUT_S = 5
LOAD_S = 20
WRITES_A_SECOND = 40


class Server:
    """A PostgreSQL in a folder of its own, with what the chart says about archiving."""

    def __init__(self, storage):
        self.storage, self.port = storage, free_ports(1)[0]
        self.folder = Path(tempfile.mkdtemp(prefix="elido-archive-", dir=WORK_FOLDER))
        self.data = self.folder / "data"
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")

    def run(self, *command, check=True):
        """Runs a command as the user of the server, with what the chart gives to its pod; what it prints."""
        run = self.attempt(command, self.folder)
        if check and run.returncode != 0:
            die(f"{command}: {run.stdout}{run.stderr}{self.tail()}")
        return run.stdout.strip()

    def attempt(self, command, folder, **variables):
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        environment = self.storage.environment | {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "HOME": str(self.folder)}
        environment |= {name: "for-the-tests" for name in ("APP_PASSWORD", "KRATOS_PASSWORD", "HYDRA_PASSWORD")}
        environment |= {"BACKUP_BASE_URL": f"postgres://postgres@127.0.0.1:{self.port}/postgres", "PATH": f"{IMAGE}:{self.storage.environment['PATH']}"}
        return subprocess.run([*drop, *map(str, command)], env=environment | variables, cwd=folder, capture_output=True, text=True, timeout=300)

    def tail(self):
        log = self.folder / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    def make(self):
        self.run(BINARIES / "initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust", "--data-checksums", "--locale", "C.UTF-8", "--encoding", "UTF8")
        self.configure(archive_mode="always", archive_timeout=ARCHIVE_TIMEOUT_S, archive_command='elido-backup archive "%p"')
        self.start()

    def configure(self, **settings):
        settings |= {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self):
        # pg_ctl's child would hold on to the pipe of its output.
        self.run("sh", "-c", f"{BINARIES}/pg_ctl start -D data -l log -w -t 60 >/dev/null 2>&1")

    def lose(self):
        """The machine is gone, with its disk."""
        self.run(BINARIES / "pg_ctl", "stop", "-D", self.data, "-m", "immediate")
        shutil.rmtree(self.data)

    def begin(self):
        """What Patroni calls when it has made a cluster, of nothing or of a backup."""
        self.run("bash", CREATE_DATABASES, f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres")

    def mark(self):
        """What is written down of a restore."""
        return self.ask("SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = 'elido'")

    def ask(self, query):
        return self.run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--dbname", "postgres", "--command", query)

    def base_backup(self):
        self.run(IMAGE / "elido-backup", "base")

    def restore(self, moment="latest"):
        """What Patroni does with the chart's configuration: the base, then as much of the log as is wanted."""
        self.storage.environment["RESTORE_TARGET_TIME"] = moment
        self.run(RESTORE_BASE, "--scope=elido", f"--datadir={self.data}")
        restore = 'elido-backup fetch "%f" "%p"'
        target = {} if moment == "latest" else {"recovery_target_time": moment}
        self.configure(archive_mode="off", restore_command=restore, recovery_target_action="promote", recovery_target_timeline="latest", **target)
        (self.data / "recovery.signal").touch()
        if os.getuid() == 0:
            shutil.chown(self.data / "recovery.signal", "postgres", "postgres")
        self.start()
        end = time.monotonic() + 120
        while self.ask("SELECT pg_is_in_recovery()") != "f":
            if time.monotonic() > end:
                die(f"the restored server takes no writes after 120 s: {self.tail()}")
            time.sleep(0.1)

    def remove(self):
        if (self.data / "postmaster.pid").exists():
            self.run(BINARIES / "pg_ctl", "stop", "-D", self.data, "-m", "immediate", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Writes:
    """One psql that commits a row after another and says when each was acknowledged."""

    def __init__(self, server):
        self.server, self.acknowledged, self.last_at = server, 0, 0.0
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--host", "127.0.0.1", "--port", str(server.port), "--username", "postgres", "postgres"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.count, daemon=True)
        self.thread.start()

    def count(self):
        for line in self.process.stdout:
            self.acknowledged, self.last_at = int(line), time.time()

    def go(self, seconds):
        end, due = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < end:
            self.process.stdin.write("INSERT INTO rows DEFAULT VALUES RETURNING id;\n")
            self.process.stdin.flush()
            due += 1 / WRITES_A_SECOND
            time.sleep(max(0, due - time.monotonic()))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()


def lose_under_load(server):
    """Rows are written; in between a moment is remembered, and in the end the disk is gone."""
    server.ask("CREATE TABLE rows (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())")
    # As if this server had begun with a backup itself.
    server.begin()
    server.ask("""COMMENT ON DATABASE elido IS '{"target": "latest", "postgres": {}, "clickhouse": {}}'""")
    writes = Writes(server)
    writes.go(1)
    # A segment that no copy needs.
    server.ask("SELECT pg_switch_wal()")
    writes.go(1)
    start = time.monotonic()
    server.base_backup()
    base_seconds = time.monotonic() - start
    writes.go(LOAD_S / 2)
    moment, rows = server.ask("SELECT clock_timestamp(), count(*) FROM rows").split("|")
    server.ask("CREATE TABLE a_mistake AS SELECT * FROM rows")
    writes.go(LOAD_S / 2)
    server.lose()
    writes.end()
    return writes, moment, int(rows), base_seconds


def install_another(storage):
    """A new server archives into the bucket of the one that is lost: segments of the same names, and other bytes."""
    with ExitStack() as parts:
        other = Server(storage)
        parts.callback(other.remove)
        other.make()
        for _ in range(4):
            other.ask("SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'another', 'cluster')")
        end = time.monotonic() + 60
        while int(other.ask("SELECT archived_count FROM pg_stat_archiver")) < 4:
            if time.monotonic() > end:
                die(f"a new server archives nothing: {other.tail()}")
            time.sleep(0.1)
    folders = {key.split("/")[1] for key in storage.keys("wal/")}
    return [] if len(folders) == 2 else [f"the archives of two clusters are in {sorted(folders)}"]


def refuse(server):
    """What the archive does with a segment that it has, with one of the same name, and with one that nobody has sent."""
    segment = server.data / "pg_wal" / server.ask("SELECT pg_walfile_name(pg_switch_wal())")
    other = server.folder / segment.name
    other.write_bytes(segment.read_bytes()[::-1])
    other.chmod(0o644)

    def told(*command, **variables):
        run = server.attempt([IMAGE / "elido-backup", *command], server.data, **variables)
        return run.returncode, run.stderr

    asked = {
        "a segment for the first time": (told("archive", segment), 0, ""),
        "a segment that is there": (told("archive", segment), 0, ""),
        "other bytes of the same name": (told("archive", other), 1, "is there with other bytes"),
        "a segment that nobody has sent": (told("fetch", "F" * 24, server.folder / "fetched"), 1, ""),
        # At 1 PostgreSQL would believe that the archive is at its end.
        "a bucket that is away": (told("fetch", segment.name, server.folder / "fetched", BACKUP_ENDPOINT="http://127.0.0.1:1"), 255, "failed"),
    }
    return [f"{what}: {code} {text}" for what, ((code, text), wanted, words) in asked.items() if code != wanted or words not in text]


def run(arguments):
    del arguments
    install()
    shell("need_packages postgresql-15")
    broken = []
    with ExitStack() as parts:
        server = Server(Storage())
        parts.callback(server.remove)
        say("archiving under load, and losing the disk")
        server.make()
        writes, moment, rows_then, base_seconds = lose_under_load(server)
        pruned = json.loads(server.run(IMAGE / "elido-backup", "prune", "--days", 30).rpartition("RESULT ")[2])
        if pruned["segments_deleted"] == 0 or pruned["deleted"]:
            broken.append(f"pruning has deleted {pruned}")
        broken += install_another(server.storage)
        say("restoring what was last archived")
        start = time.monotonic()
        server.restore()
        seconds = time.monotonic() - start
        marks = [server.mark(), server.begin() or server.mark()]
        if not marks[0] or marks[1]:
            broken.append(f"what was written down of an earlier restore is {marks} in a copy, and when that begins")
        last, last_at = server.ask("SELECT max(id), extract(epoch FROM max(at)) FROM rows").split("|")
        gaps = int(server.ask("SELECT max(id) - count(*) FROM rows"))
        lost_seconds = writes.last_at - float(last_at)
        if gaps:
            broken.append(f"{gaps} rows are missing in between")
        if lost_seconds > 2 * ARCHIVE_TIMEOUT_S:
            broken.append(f"{lost_seconds:.1f} s of writes are gone with the disk, where segments are sent every {ARCHIVE_TIMEOUT_S} s")
        broken += refuse(server)
        say("restoring the moment before a mistake")
        server.lose()
        server.restore(moment)
        then = int(server.ask("SELECT count(*) FROM rows"))
        mistake = server.ask("SELECT to_regclass('a_mistake') IS NOT NULL") == "t"
        if mistake:
            broken.append("the restore to a moment has what came after it")
        if not 0 <= then - rows_then <= WRITES_A_SECOND:
            broken.append(f"at the moment there were {rows_then} rows, and {then} are restored")
    figures = {
        "archive_timeout_s": ARCHIVE_TIMEOUT_S, "segments_pruned": pruned["segments_deleted"], "base_backup_seconds": round(base_seconds, 1), "rows_acknowledged": writes.acknowledged, "rows_lost": writes.acknowledged - int(last),
        "rpo_seconds": round(lost_seconds, 1), "rto_seconds": round(seconds, 1), "rows_at_moment": rows_then, "rows_restored_to_moment": then,
    }
    return figures, broken
