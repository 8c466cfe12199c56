"""Databases of PostgreSQL: dumped while they are used, and restored into empty ones.

Invariants: the rows that a manifest counts are those of the dump, because both see one snapshot; what pg_dump did not finish is no object; a
restore goes into a database without tables.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from .failure import Failure

# A table that somebody locks, or a server that does not answer, ends a dump after so long.
LOCK_TIMEOUT_MS, CONNECT_TIMEOUT_S = 60_000, 10
TABLES = (
    "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
    "ORDER BY schemaname, tablename"
)


def connect(url, **options):
    """A connection; whoever cannot be reached is named without the password."""
    try:
        return psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, **options)
    except psycopg.OperationalError as error:
        raise Failure(f"PostgreSQL at {place(url)} cannot be reached: {error}") from error


def place(url):
    parts = conninfo_to_dict(url)
    return f"{parts.get('host')}:{parts.get('port', 5432)}/{parts.get('dbname')}"


def environment(url):
    """What libpq reads, so that no password is seen among the arguments of a process."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    parts = conninfo_to_dict(url)
    return os.environ | {names[key]: str(value) for key, value in parts.items() if key in names} | {"PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S)}


def binary(name):
    """A program of the newest PostgreSQL here."""
    if path := shutil.which(name):
        return path
    raise Failure(f"{name} is not installed")


def compression():
    """The best that this pg_dump can."""
    version = subprocess.run([binary("pg_dump"), "--version"], capture_output=True, text=True, check=True).stdout
    return "zstd:3" if int(re.search(r"\) (\d+)", version)[1]) >= 16 else "6"


class Output:
    """What a program of PostgreSQL writes, as a stream whose end raises if the program failed."""

    def __init__(self, command, url):
        self.name, self.errors = command[0], tempfile.TemporaryFile()
        self.process = subprocess.Popen([binary(self.name), *command[1:]], env=environment(url), stdout=subprocess.PIPE, stderr=self.errors)
        self.sum, self.bytes = hashlib.sha256(), 0

    def read(self, size=-1):
        data = self.process.stdout.read(size)
        self.sum.update(data)
        self.bytes += len(data)
        if len(data) < size or size < 0:
            self.end()
        return data

    def end(self):
        if self.process.wait() != 0:
            self.errors.seek(0)
            raise Failure(f"{self.name} failed: {self.errors.read().decode(errors='replace').strip()[-1000:]}")

    def facts(self, key):
        """What a manifest says of the object that was made of it."""
        return {"object": key, "bytes": self.bytes, "sha256": self.sum.hexdigest()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def rows(connection):
    """How many rows each table has."""
    names = connection.execute(TABLES).fetchall()
    count = sql.SQL("SELECT count(*) FROM {}")
    return {f"{schema}.{table}": connection.execute(count.format(sql.Identifier(schema, table))).fetchone()[0] for schema, table in names}


def dump(bucket, folder, name, url):
    """Dumps a database into `folder`; what the manifest says of it."""
    with connect(url) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
        key = f"{folder}{name}.dump"
        command = ["pg_dump", "--format=custom", f"--compress={compression()}", "--no-owner", "--no-privileges"]
        command += [f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_TIMEOUT_MS}"]
        with Output(command, url) as stream:
            bucket.upload(key, stream)
        return stream.facts(key) | {"server": connection.info.server_version, "wal": position(connection), "rows": rows(connection)}


def position(connection):
    """How far the log of changes was."""
    standby = connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]
    function = "pg_last_wal_replay_lsn" if standby else "pg_current_wal_lsn"
    return str(connection.execute(f"SELECT {function}()").fetchone()[0])


def wait(url, seconds):
    """Waits until a database takes writes."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(Failure), connect(url) as connection:
            if not connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]:
                return
        if time.monotonic() > end:
            raise Failure(f"PostgreSQL at {place(url)} takes no writes after {seconds} s")
        time.sleep(1)


def refuse_filled(url):
    with connect(url) as connection:
        if tables := connection.execute(TABLES).fetchall():
            raise Failure(
                f"{place(url)} is not empty: it has {len(tables)} tables, such as {tables[0][1]}. A backup is restored into an empty database "
                "alone: install the release in a namespace of its own, or drop and create the database"
            )


def fetch(bucket, part, file):
    """Writes a dump into a file, if it is the one of the manifest."""
    total = hashlib.sha256()
    for chunk in bucket.open(part["object"]).iter_chunks(1 << 20):
        total.update(chunk)
        file.write(chunk)
    file.flush()
    if total.hexdigest() != part["sha256"]:
        raise Failure(f"s3://{bucket.name}/{part['object']} is not what was written: its SHA-256 differs from the manifest. Take the backup of another day")


def restore(bucket, part, url):
    """Restores a dump into an empty database."""
    refuse_filled(url)
    with tempfile.NamedTemporaryFile() as file:
        fetch(bucket, part, file)
        command = [binary("pg_restore"), "--exit-on-error", "--jobs=2", "--no-owner", "--no-privileges", f"--dbname={conninfo_to_dict(url)['dbname']}", file.name]
        run = subprocess.run(command, env=environment(url), capture_output=True, text=True)
    if run.returncode != 0:
        raise Failure(f"pg_restore failed: {run.stderr.strip()[-1000:]}")


def mark(url, note):
    """Writes down at the database what was restored."""
    with connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(json.dumps(note))))


def marked(url):
    """What `mark` wrote, or nothing."""
    with connect(url) as connection:
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        text = connection.execute(query).fetchone()[0]
    with contextlib.suppress(ValueError):
        return json.loads(text or "{}")
    return {}
