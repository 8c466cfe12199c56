"""The command line: `elido-backup COMMAND`. Which stores there are comes from the environment, as the chart sets it."""

import argparse
import json
import os
import sys
import time

from . import archive, base, catalog, clickhouse, metrics, postgres, prune, verification
from .bucket import Bucket
from .failure import Failure

# The databases that are backed up, each where its variable names one.
DATABASES = {"elido": "BACKUP_POSTGRES_URL", "kratos": "BACKUP_KRATOS_URL", "hydra": "BACKUP_HYDRA_URL"}
# How long a restore waits for what it needs, such as another part of it: as long as its Job may take.
PATIENCE_S = 43200


def databases():
    """The URL of each database, by its name; at BACKUP_POSTGRES_HOST where that is set, such as a standby."""
    found = {name: os.environ[variable] for name, variable in DATABASES.items() if os.environ.get(variable)}
    if "elido" not in found:
        raise Failure("BACKUP_POSTGRES_URL is not set: it has to be the URL of Elido's database")
    if host := os.environ.get("BACKUP_POSTGRES_HOST"):
        found = {name: postgres.conninfo_to_dict(url) | {"host": host} for name, url in found.items()}
        found = {name: postgres.psycopg.conninfo.make_conninfo(**parts) for name, parts in found.items()}
    return found


def clickhouse_url():
    if url := os.environ.get("CLICKHOUSE_URL"):
        return url
    raise Failure("CLICKHOUSE_URL is not set: it has to be the URL of the click store")


def result(figures):
    print("RESULT " + json.dumps(figures), flush=True)


def back_up_postgres(_):
    bucket, backup, start = Bucket(), catalog.new("postgres"), time.monotonic()
    parts = {name: postgres.dump(bucket, backup.folder, name, url) for name, url in databases().items()}
    bucket.write(backup.folder + catalog.MANIFEST, {"kind": "postgres", "databases": parts})
    rows = sum(sum(part["rows"].values()) for part in parts.values())
    size = sum(part["bytes"] for part in parts.values())
    result({"backup": backup.folder, "rows": rows, "bytes": size, "seconds": round(time.monotonic() - start, 2)})


def back_up_clickhouse(arguments):
    start = time.monotonic()
    backup, manifest = clickhouse.back_up(Bucket(), clickhouse.ClickHouse(clickhouse_url()), arguments.full_every_days)
    figures = {"clicks_fewest": manifest["rows_fewest"].get("clicks", 0), "clicks_most": manifest["rows_most"].get("clicks", 0)}
    result({"backup": backup.folder, "base": manifest["base"], **figures, "bytes": manifest["bytes"], "seconds": round(time.monotonic() - start, 2)})


def back_up_base(_):
    start, url = time.monotonic(), os.environ.get("BACKUP_BASE_URL")
    if not url:
        raise Failure("BACKUP_BASE_URL is not set: it has to be the URL of PostgreSQL for a user who may replicate")
    backup, manifest = base.back_up(Bucket(), url)
    result({"backup": backup.folder, "first_segment": manifest["first_segment"], "bytes": manifest["bytes"], "seconds": round(time.monotonic() - start, 2)})


def keep_segment(arguments):
    archive.keep(Bucket(), arguments.path)


def fetch_segment(arguments):
    try:
        found = archive.fetch(Bucket(), arguments.name, arguments.path)
    # Whatever goes wrong: PostgreSQL takes any lower status for the end of the archive, and would go on without the rest.
    except Exception as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(archive.BROKEN_OFF)
    sys.exit(0 if found else 1)


def restore_base(arguments):
    start = time.monotonic()
    manifest = base.restore(Bucket(), arguments.datadir, arguments.target_time)
    result({"restored": manifest["object"], "seconds": round(time.monotonic() - start, 2)})


def prune_backups(arguments):
    deleted, segments = prune.prune(Bucket(), arguments.days)
    result({"deleted": deleted, "segments_deleted": segments})


def list_backups(_):
    bucket = Bucket()
    for kind in catalog.KINDS:
        for backup in catalog.whole(bucket, kind):
            print(backup.folder)


def restore_postgres(arguments):
    bucket, urls, start = Bucket(), databases(), time.monotonic()
    backup = catalog.find(bucket, "postgres", arguments.date)
    manifest = backup.manifest(bucket)
    for url in urls.values():
        postgres.wait(url, PATIENCE_S)
    if is_done(urls["elido"], arguments.target, "postgres"):
        return
    if missing := sorted(set(urls) - set(manifest["databases"])):
        raise Failure(f"{backup.folder} has no dump of {', '.join(missing)}")
    for url in urls.values():
        postgres.refuse_filled(url)
    for name, url in urls.items():
        postgres.restore(bucket, manifest["databases"][name], url)
    # Now, because nobody else uses them yet.
    rows = verification.compare_postgres(manifest, urls)
    figures = {"backup": backup.name, "rows": rows, "seconds": round(time.monotonic() - start, 2)}
    postgres.mark(urls["elido"], {"target": arguments.target, "postgres": figures})
    result(figures)


def adopt_postgres(arguments):
    """PostgreSQL has restored itself to a moment: waits for that, and writes it down."""
    url = databases()["elido"]
    postgres.wait(url, PATIENCE_S)
    if is_done(url, arguments.target, "postgres"):
        return
    postgres.mark(url, {"target": arguments.target, "postgres": {"backup": None}})
    result({"restored": f"to {arguments.target}"})


def restore_clickhouse(arguments):
    bucket, url = Bucket(), databases()["elido"]
    backup = catalog.find(bucket, "clickhouse", arguments.date)
    wait_for_mark(url, arguments.target, "postgres")
    if is_done(url, arguments.target, "clickhouse"):
        return
    server, start = wait_for_clickhouse(), time.monotonic()
    clickhouse.restore(bucket, server, backup)
    clicks = verification.compare_clickhouse(backup.manifest(bucket), server)
    figures = {"backup": backup.name, "clicks": clicks, "seconds": round(time.monotonic() - start, 2)}
    postgres.mark(url, postgres.marked(url) | {"clickhouse": figures})
    result(figures)


def is_done(url, target, what):
    """Whether an earlier run of the same restore has done this, which is told then: a Job is made anew when the chart changes it."""
    mark = postgres.marked(url)
    if mark.get("target") != target or what not in mark:
        return False
    result({"done_before": what, **(mark[what] or {})})
    return True


def wait_for_clickhouse():
    server, end = clickhouse.ClickHouse(clickhouse_url()), time.monotonic() + PATIENCE_S
    while True:
        try:
            server.ask("SELECT 1")
            return server
        except Failure:
            if time.monotonic() > end:
                raise
            time.sleep(1)


def wait_for_mark(url, target, store):
    """Waits until a store is restored to what is asked for."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            mark = postgres.marked(url)
            if mark.get("target") == target and store in mark:
                return mark
        except Failure:
            # It may be about to start.
            pass
        time.sleep(1)
    raise Failure(f"{store} was not restored to {target!r} within {PATIENCE_S} s: look at the log of the Job restore-{store}")


def wait_until_restored(arguments):
    for store in arguments.stores:
        wait_for_mark(databases()["elido"], arguments.target, store)


def verify(arguments):
    url = databases()["elido"]
    stores = ["postgres", *(["clickhouse"] if os.environ.get("CLICKHOUSE_URL") else [])]
    marks = [wait_for_mark(url, arguments.target, store) for store in stores]
    if is_done(url, arguments.target, "verified"):
        return
    figures = {store: marks[-1][store] for store in stores}
    figures["newest_row_age_s"] = verification.newest_row_age(url)
    if arguments.edge:
        figures["links_followed"] = verification.follow_links(url, arguments.edge)
    bucket, drill = Bucket(), catalog.new("restore_drill")
    bucket.write(drill.folder + catalog.MANIFEST, {"kind": "restore_drill", **figures})
    postgres.mark(url, postgres.marked(url) | {"verified": figures})
    result(figures)


def serve_metrics(arguments):
    metrics.serve(Bucket(), arguments.kinds, arguments.address, arguments.port)


def add_target(command):
    command.add_argument("--target", default="latest", help="what is restored, in words that all parts of one restore share")


def add_date(command):
    command.add_argument("--date", default="", help="the day of the backup, as 2026-05-31 (UTC); the last one of all without it")


def arguments():
    parser = argparse.ArgumentParser(prog="elido-backup", description="Backups of Elido's stores in a bucket, and restores from there.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, function, help):
        found = commands.add_parser(name, help=help, description=help)
        found.set_defaults(run=function)
        return found

    command("postgres", back_up_postgres, "dumps the databases")
    command("base", back_up_base, "copies the files of PostgreSQL, for restores to any moment")
    found = command("archive", keep_segment, "archives a segment of the log: archive_command of PostgreSQL")
    found.add_argument("path", help="%%p of PostgreSQL")
    found = command("fetch", fetch_segment, "fetches a segment from the archive: restore_command of PostgreSQL")
    found.add_argument("name", help="%%f of PostgreSQL")
    found.add_argument("path", help="%%p of PostgreSQL")
    found = command("clickhouse", back_up_clickhouse, "backs the clicks up")
    found.add_argument("--full-every-days", type=int, default=7, help="how many days a full backup is built on (default 7)")
    found = command("prune", prune_backups, "deletes old backups, never the last three of a kind")
    found.add_argument("--days", type=int, required=True, help="how many days backups are kept")
    command("list", list_backups, "prints the backups that there are")
    found = command("restore-postgres", restore_postgres, "restores the databases, if they are empty")
    add_date(found), add_target(found)
    found = command("restore-base", restore_base, "writes the last copy of files before a moment into an empty folder")
    found.add_argument("--datadir", required=True, help="the folder")
    found.add_argument("--target-time", default="latest", help="the moment, or latest (default)")
    add_target(command("adopt-postgres", adopt_postgres, "waits for a restore to a moment, which PostgreSQL does itself"))
    found = command("restore-clickhouse", restore_clickhouse, "restores the clicks, if there are none")
    add_date(found), add_target(found)
    found = command("wait", wait_until_restored, "waits until stores are restored")
    found.add_argument("stores", nargs="+", choices=["postgres", "clickhouse"])
    add_target(found)
    found = command("verify", verify, "looks at what was restored as visitors see it, and writes down that it was tried")
    found.add_argument("--edge", help="follow links at this edge, as http://host:port")
    add_target(found)
    found = command("metrics", serve_metrics, "tells Prometheus the age of the last backups")
    found.add_argument("kinds", nargs="+", choices=catalog.KINDS)
    found.add_argument("--address", default="0.0.0.0")
    found.add_argument("--port", type=int, default=metrics.PORT)
    return parser.parse_args()


def main():
    given = arguments()
    try:
        given.run(given)
    except Failure as failure:
        sys.exit(f"error: {failure}")


if __name__ == "__main__":
    main()
