"""Dumps of PostgreSQL and backups of ClickHouse under load; restores, refusals, damage, pruning, ages."""

import datetime
import itertools
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

from backups.program import IMAGE, TOOLS, Program, Storage, install
from harness import Elido, fetch, free_ports, say, shell
from servers import ClickHouse, Kafka, Postgres, send_signal, wait_until

LINKS, VISITS = 300, 600
# Several parts of an upload, and nothing that could be compressed: 240 rows of 1 MiB, which pg_dump is still at when the first part has been seen.
LARGE_TABLE = """CREATE TABLE large AS SELECT n, (SELECT string_agg(sha512((random()::text || n || m)::bytea), '') FROM generate_series(1, 16384) AS m) AS bytes
    FROM generate_series(1, 240) AS n"""
# pg_dump has written so much when the first part of the upload, 16 MiB, is on its way.
FIRST_PART_BYTES = 20 << 20
MOMENT = "%Y-%m-%dT%H-%M-%SZ"


class Load:
    """Links are made and visited until it is stopped."""

    def __init__(self, elido, workspace):
        self.elido, self.workspace, self.count, self.stopping = elido, workspace, 0, threading.Event()
        self.thread = threading.Thread(target=self.go, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def go(self):
        for number in itertools.count():
            if self.stopping.is_set():
                return
            slug = f"under-load-{number}"
            # Where nobody answers in time, the next one counts.
            with suppress(OSError):
                self.elido.api("POST", f"/v1/workspaces/{self.workspace}/links", {"destination_url": f"https://example.com/{slug}", "slug": slug})
                visit(self.elido, slug)
                self.count += 1


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def visit(elido, slug):
    request = urllib.request.Request(f"http://127.0.0.1:{elido.edge}/{slug}", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
    try:
        urllib.request.build_opener(NoRedirect).open(request, timeout=60)
    except urllib.error.HTTPError as error:
        error.close()


class System:
    """Elido on PostgreSQL, Kafka and ClickHouse, and the program that backs it up."""

    def __init__(self, executable, parts, storage):
        self.storage = storage
        self.postgres, self.kafka, self.clickhouse = Postgres(), Kafka(), ClickHouse()
        for server in (self.postgres, self.kafka, self.clickhouse):
            parts.callback(server.remove)
        self.elido = parts.enter_context(self.new_elido(executable, self.postgres.url, self.clickhouse))
        self.program = Program(storage, self.postgres.url, self.clickhouse.url)

    def new_elido(self, executable, database, clickhouse):
        return Elido(executable, {"database.url": database, "bus.url": self.kafka.url, "bus.replication": 1, "click_store.url": clickhouse.url})

    def clicks(self):
        return int(self.clickhouse.ask("SELECT count() FROM clicks")[0][0])

    def fill(self):
        self.elido.start("all")
        workspace = self.elido.first_account()
        drafts = [{"destination_url": f"https://example.com/{number}", "slug": f"page-{number}"} for number in range(LINKS)]
        self.elido.create_links(workspace, drafts)
        for number in range(VISITS):
            visit(self.elido, f"page-{number % LINKS}")
        wait_until("clicks in ClickHouse", lambda: self.clicks() >= VISITS, 180)
        return workspace


def back_up_under_load(system, workspace):
    """A dump, a full and an incremental backup while links and clicks come."""
    with Load(system.elido, workspace) as load:
        wait_until("load", lambda: load.count >= 20, 180)
        full = system.program.run("clickhouse")
        dump = system.program.run("postgres")
        during = load.count
        wait_until("load after the dump", lambda: load.count >= during + 20, 180)
        incremental = system.program.run("clickhouse")
    wrong = [] if incremental["base"] == full["backup"].split("/")[1] else [f"the second backup of ClickHouse is built on {incremental['base']}, not on the first"]
    return dump, full, incremental, wrong


def restore(system, executable, parts, dump, incremental):
    """Into empty servers, with an Elido on them that did not make what is in them."""
    database, clickhouse = system.postgres.new_database("restored"), ClickHouse()
    parts.callback(clickhouse.remove)
    program = Program(system.storage, database, clickhouse.url)
    start = time.monotonic()
    program.run("restore-postgres", "--target", "drill")
    program.run("restore-clickhouse", "--target", "drill")
    elido = parts.enter_context(system.new_elido(executable, database, clickhouse))
    elido.settings["links.default_domain_url"] = system.elido.settings["links.default_domain_url"]
    # Not "all": a second ingester would take the clicks of the first system from the bus.
    elido.start("edge,api")
    figures = program.run("verify", "--target", "drill", "--edge", f"http://127.0.0.1:{elido.edge}")
    seconds = time.monotonic() - start
    chains = audit(executable, elido)
    wrong = [] if figures["postgres"]["rows"] == dump["rows"] else [f"{dump['rows']} rows were dumped, and {figures} restored"]
    wrong += [] if incremental["clicks_fewest"] <= figures["clickhouse"]["clicks"] <= incremental["clicks_most"] else [f"{incremental} was backed up, and {figures} restored"]
    wrong += [] if figures["links_followed"] == 3 else [f"{figures['links_followed']} links were followed, not 3"]
    wrong += [] if chains == 0 else ["the audit trail of the restored database is not whole"]
    wrong += again(program, database)
    found = {
        "rows_expected": dump["rows"], "rows_restored": figures["postgres"]["rows"], "clicks_restored": figures["clickhouse"]["clicks"],
        "links_followed": figures["links_followed"], "newest_row_age_s": figures["newest_row_age_s"], "restore_seconds": round(seconds, 2), "audit_ok": chains == 0,
    }
    return found, wrong


def again(program, database):
    """The same restore once more finds that it is done; another one, or one that nothing is known of, finds the servers filled."""
    done = [program.run(command, "--target", "drill") for command in ("restore-postgres", "restore-clickhouse", "verify")]
    wrong = [f"the same restore once more tells {figures}" for figures in done if "done_before" not in figures]
    unknown = """COMMENT ON DATABASE restored IS '{"target": "drill", "postgres": {}}'"""
    subprocess.run(["psql", "--quiet", "--no-psqlrc", database, "--command", unknown], check=True)
    refused = [program.refuse("restore-postgres"), program.refuse("restore-clickhouse", "--target", "drill")]
    return wrong + [f"a restore into what is filled says: {text}" for text in refused if "is not empty" not in text]


def audit(executable, elido):
    """Whether every chain of the audit trail is whole: 0 if so."""
    variables = {"ELIDO_DATABASE__URL": elido.settings["database.url"], "ELIDO_DATA_FOLDER": str(elido.settings["data_folder"])}
    return subprocess.run([executable, "audit", "verify"], env=variables, capture_output=True).returncode


def fail_in_the_middle(system):
    """pg_dump is killed when a part of what it wrote has been sent."""
    subprocess.run(["psql", "--quiet", "--no-psqlrc", system.postgres.url, "--command", LARGE_TABLE], check=True)
    before, begin = system.storage.keys("postgres/"), time.time()
    process = system.program.start("postgres")
    wait_until("first part of a dump", lambda: process.poll() is not None or written_by_dump(process.pid) > FIRST_PART_BYTES, 60)
    send_signal(dumps(process.pid), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    subprocess.run(["psql", "--quiet", "--no-psqlrc", system.postgres.url, "--command", "DROP TABLE large"], check=True)
    moments = [datetime.datetime.fromtimestamp(begin + second, datetime.UTC).strftime(MOMENT) for second in range(int(time.time() - begin) + 2)]
    uploads = system.storage.uploads([f"postgres/{moment}/elido.dump" for moment in moments])
    wrong = [] if process.returncode != 0 and "pg_dump failed" in errors else [f"a dump whose pg_dump was killed ends with {process.returncode}: {errors}"]
    wrong += [] if system.storage.keys("postgres/") == before else ["a dump that failed has left an object"]
    return wrong + [f"a dump that failed has left an upload of {key}" for key in uploads]


def dumps(parent):
    """The processes of pg_dump below another."""
    return list(map(int, subprocess.run(["pgrep", "--parent", str(parent), "pg_dump"], capture_output=True, text=True).stdout.split()))


def written_by_dump(parent):
    """How many bytes pg_dump has written so far."""
    written = 0
    for pid in dumps(parent):
        # One that has ended meanwhile writes no more.
        with suppress(FileNotFoundError, ProcessLookupError):
            written += int(re.search(r"wchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[1])
    return written


def damage(system, dump):
    """A byte of the dump changes in the bucket."""
    system.storage.damage(dump["backup"] + "elido.dump")
    program = Program(system.storage, system.postgres.new_database("damaged"))
    text = program.refuse("restore-postgres")
    return [] if "its SHA-256 differs" in text else [f"a restore of a damaged dump says: {text}"]


def prune(system, dump, full, incremental):
    """Five old dumps and three new ones; an old full backup that a new one is built on."""
    storage, now = system.storage, datetime.datetime.now(datetime.UTC)
    old = [(now - datetime.timedelta(days=days)).strftime(MOMENT) for days in (90, 80, 70, 60, 50)]
    storage.copy(dump["backup"], [f"postgres/{name}/" for name in old])
    storage.copy(full["backup"], [f"clickhouse/{name}/" for name in old])
    system.program.run("prune", "--days", 30)
    folders = {kind: sorted({key.split("/")[1] for key in storage.keys(f"{kind}/")}) for kind in ("postgres", "clickhouse")}
    kept = {"postgres": [old[3], old[4], dump["backup"].split("/")[1]], "clickhouse": [old[4], *(each["backup"].split("/")[1] for each in (full, incremental))]}
    return [f"pruning has left {folders[kind]} of {kind}, not {sorted(kept[kind])}" for kind in kept if folders[kind] != sorted(kept[kind])]


def ages(system):
    """What Prometheus is told."""
    port = free_ports(1)[0]
    process = system.program.start("metrics", "postgres", "clickhouse", "restore_drill", "base", "--address", "::", "--port", port)
    try:
        wait_until("metrics", lambda: answers(port), 30)
        lines = dict(line.rsplit(" ", 1) for line in fetch(f"http://127.0.0.1:{port}/metrics").splitlines() if not line.startswith("#"))
    finally:
        process.kill()
        process.communicate()
    wrong = []
    for kind in ("postgres", "clickhouse", "restore_drill"):
        age, size = float(lines[f'elido_backup_age_seconds{{kind="{kind}"}}']), int(lines[f'elido_backup_bytes{{kind="{kind}"}}'])
        wrong += [] if 0 <= age < 3600 and size > 0 else [f"the last backup of {kind} is said to be {age} s old and to have {size} bytes"]
    never = lines['elido_backup_age_seconds{kind="base"}']
    return wrong + ([] if never == "+Inf" else [f"a base backup that was never made is said to be {never} s old"])


def answers(port):
    try:
        return fetch(f"http://127.0.0.1:{port}/metrics")
    except OSError:
        return ""


# A backup by ClickHouse itself into a bucket that nobody keeps, with what the program asks for.
AWAY = """
import sys
from elido_backup import clickhouse
try:
    clickhouse.ClickHouse(sys.argv[1]).ask("BACKUP TABLE clicks TO S3('http://127.0.0.1:1/backups/none', 'key', 'secret')", clickhouse.FEW_ATTEMPTS, 120)
except clickhouse.Failure as failure:
    sys.exit(str(failure))
"""


def bucket_away(system):
    """ClickHouse gives up on a bucket that is away, where it would go on for many minutes by itself; it keeps the keys out of its log."""
    command = [TOOLS / "bin/python", "-c", AWAY, system.clickhouse.url]
    run = subprocess.run(command, cwd=IMAGE, capture_output=True, text=True, timeout=180)
    wrong = [] if run.returncode != 0 and "refused" in run.stderr else [f"a backup into a bucket that is away ends with {run.returncode}: {run.stderr}"]
    names = [row[0] for row in system.clickhouse.ask("SELECT name FROM system.backups")]
    return wrong + [f"a key is seen in {name}" for name in names if "secret" in name or system.storage.environment["AWS_SECRET_ACCESS_KEY"] in name]


def run(arguments):
    install()
    shell("need_packages postgresql-client procps")
    with ExitStack() as parts:
        system = System(arguments.executable, parts, Storage())
        say("filling PostgreSQL and ClickHouse")
        workspace = system.fill()
        say("backing up under load")
        dump, full, incremental, broken = back_up_under_load(system, workspace)
        say("restoring")
        figures, wrong = restore(system, arguments.executable, parts, dump, incremental)
        broken += wrong
        say("breaking backups")
        broken += ages(system) + bucket_away(system) + fail_in_the_middle(system) + damage(system, dump) + prune(system, dump, full, incremental)
    return {"dump_seconds": dump["seconds"], "dump_bytes": dump["bytes"], "clicks_backup_seconds": full["seconds"], **figures}, broken
