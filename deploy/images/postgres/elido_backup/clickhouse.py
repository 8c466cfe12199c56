"""Clicks in ClickHouse, by its own BACKUP and RESTORE over its HTTP interface.

Invariants: a backup on top of another one (incremental) names it in its manifest, and pruning keeps what is named; a restore goes into empty
tables. ClickHouse counts rows at another moment than it backs them up, so that a manifest has a fewest and a most.
"""

import base64
import os
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from . import catalog
from .failure import Failure

TABLES = ("clicks", "link_totals", "link_totals_of_clicks")
# Those that hold rows; the third is the view that fills the second.
COUNTED = TABLES[:2]
# How long a question and how long a backup may take.
QUESTION_S, BACKUP_S = 60, 3300
# Without this, ClickHouse would try a bucket that is away a thousand times.
FEW_ATTEMPTS = "backup_restore_s3_retry_attempts=10"


class ClickHouse:
    """A server by its URL: clickhouse://user:password@host:8123/database, clickhouses:// with TLS."""

    def __init__(self, url):
        parts = urlsplit(url)
        if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname:
            raise Failure("CLICKHOUSE_URL has to look like clickhouse://user:password@host:8123/database")
        scheme, port = ("https", 8443) if parts.scheme == "clickhouses" else ("http", 8123)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.place = f"{scheme}://{host}:{parts.port or port}/"
        self.database = parts.path.strip("/") or "default"
        credential = f"{unquote(parts.username or 'default')}:{unquote(parts.password or '')}"
        self.headers = {"Authorization": "Basic " + base64.b64encode(credential.encode()).decode(), "X-ClickHouse-Database": self.database}

    def ask(self, query, settings="", seconds=QUESTION_S):
        """The rows that a query answers, as texts."""
        request = urllib.request.Request(f"{self.place}?{settings}", data=query.encode(), headers=self.headers)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return [line.split("\t") for line in answer.read().decode().splitlines()]
        except urllib.error.HTTPError as error:
            raise Failure(f"ClickHouse at {self.place} refused: {error.read().decode(errors='replace').strip()[:1000]}") from error
        except OSError as error:
            raise Failure(f"ClickHouse at {self.place} cannot be reached: {error}") from error

    def tables(self):
        """Which of the tables there are."""
        names = ", ".join(f"'{name}'" for name in TABLES)
        return [row[0] for row in self.ask(f"SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ({names}) ORDER BY name")]

    def rows(self):
        """How many rows each table has; those of totals are sums of clicks, because merges make fewer rows of them."""
        counts = {"clicks": "count()", "link_totals": "sum(clicks)"}
        there = self.tables()
        return {name: int(self.ask(f"SELECT {counts[name]} FROM {name}")[0][0]) for name in COUNTED if name in there}


def target(bucket, folder):
    """Where a backup is, in ClickHouse's words: by the named collection of its configuration, or with keys, which it hides in its logs."""
    if collection := os.environ.get("CLICKHOUSE_COLLECTION"):
        return f"S3({collection}, '{folder}data')"
    return f"S3('{bucket.endpoint}/{bucket.name}/{folder}data', '{bucket.access_key}', '{bucket.secret_key}')"


def base_of(bucket, full_every_days):
    """The full backup to build on, if it is young enough."""
    fulls = [backup for backup in catalog.whole(bucket, "clickhouse") if backup.manifest(bucket)["base"] is None]
    if fulls and (catalog.now() - fulls[-1].at).days < full_every_days:
        return fulls[-1]
    return None


def back_up(bucket, server, full_every_days):
    """Makes a backup; gives it back with its manifest."""
    if not (tables := server.tables()):
        raise Failure(f"there is no table of Elido in the database {server.database} of ClickHouse: nothing was ever stored there")
    base, backup = base_of(bucket, full_every_days), catalog.new("clickhouse")
    before = server.rows()
    settings = f" SETTINGS base_backup = {target(bucket, base.folder)}" if base else ""
    list_of_tables = ", ".join(f"TABLE {name}" for name in tables)
    server.ask(f"BACKUP {list_of_tables} TO {target(bucket, backup.folder)}{settings}", FEW_ATTEMPTS, BACKUP_S)
    manifest = {
        "kind": "clickhouse", "base": base.name if base else None, "tables": tables, "rows_fewest": before, "rows_most": server.rows(),
        "server": server.ask("SELECT version()")[0][0], "bytes": sum(size for _, size in bucket.list(backup.folder)),
    }
    bucket.write(backup.folder + catalog.MANIFEST, manifest)
    return backup, manifest


def restore(bucket, server, backup):
    """Restores a backup into empty tables, or makes them."""
    if filled := [f"{name} with {count}" for name, count in server.rows().items() if count]:
        raise Failure(f"ClickHouse is not empty: it has {', '.join(filled)} clicks. A backup is restored into empty tables alone")
    tables = ", ".join(f"TABLE {name}" for name in backup.manifest(bucket)["tables"])
    server.ask(f"RESTORE {tables} FROM {target(bucket, backup.folder)}", FEW_ATTEMPTS, BACKUP_S)
