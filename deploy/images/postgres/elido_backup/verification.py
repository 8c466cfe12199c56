"""Whether what was restored is what was backed up, in rows and as visitors see it."""

import http.client
import time
from urllib.parse import urlsplit

from . import postgres
from .failure import Failure

TIMEOUT_S = 10
# How long an edge may take until it serves: it begins when everything is restored.
EDGE_PATIENCE_S = 600
# Links that redirect whoever comes, just as they are: without rules, limits, passwords or parameters of their own.
PLAIN_LINKS = """
    SELECT links.slug, links.destination_url, domains.hostname FROM links JOIN domains ON domains.id = links.domain_id
    WHERE domains.enabled AND NOT links.archived AND links.disabled_reason IS NULL AND links.password_hash IS NULL AND links.max_clicks IS NULL
      AND links.starts_at IS NULL AND links.expires_at IS NULL AND links.rules = '[]' AND links.utm = '{}' AND domains.utm = '{}'
    ORDER BY links.created_at DESC LIMIT %s
"""
FOLLOWED = 3


def compare_postgres(manifest, urls):
    """Rows that a manifest has, all of which are there. Before anybody uses the databases: a difference is a failure."""
    expected, wrong = 0, []
    for name, url in urls.items():
        with postgres.connect(url) as connection:
            there = postgres.rows(connection)
        for table, count in manifest["databases"][name]["rows"].items():
            expected += count
            if there.get(table) != count:
                wrong.append(f"{name} {table}: {count} rows in the backup, {there.get(table, 'no table')} here")
    if wrong:
        raise Failure("the restored database is not the one of the backup: " + "; ".join(wrong[:10]))
    return expected


def compare_clickhouse(manifest, server):
    """Clicks that there are; fewer than the backup had before it, or more than after it, are a failure."""
    there = server.rows()
    for table, fewest in manifest["rows_fewest"].items():
        most = manifest["rows_most"][table]
        if not fewest <= there.get(table, 0) <= most:
            raise Failure(f"ClickHouse has {there.get(table, 0)} of {table}, and the backup between {fewest} and {most}")
    return there.get("clicks", 0)


def newest_row_age(url):
    """Seconds since the last change that anybody made, by the audit trail."""
    query = "SELECT extract(epoch FROM now()) - max(created_at) / 1e6 FROM audit_events"
    with postgres.connect(url) as connection:
        age = connection.execute(query).fetchone()[0]
    return None if age is None else round(float(age), 1)


def follow_links(url, edge):
    """Visits some links at an edge; how many redirected to where the database says."""
    with postgres.connect(url) as connection:
        links = connection.execute(PLAIN_LINKS, (FOLLOWED,)).fetchall()
    end = time.monotonic() + EDGE_PATIENCE_S
    for slug, destination, hostname in links:
        while problem := wrong_at(edge, hostname, slug, destination):
            if time.monotonic() > end:
                raise Failure(f"{problem}, {EDGE_PATIENCE_S} s after the restore")
            time.sleep(1)
    return len(links)


def wrong_at(edge, hostname, slug, destination):
    """What is wrong with a link at an edge; nothing if it leads where the database says."""
    try:
        status, location = visit(edge, hostname, slug)
    except Failure as failure:
        return str(failure)
    if 300 <= status < 400 and location == destination:
        return ""
    return f"{hostname}/{slug} answers {status} and leads to {location}, not to {destination}"


def visit(edge, hostname, slug):
    parts = urlsplit(edge)
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"/{slug}", headers={"Host": hostname})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location")
    except OSError as error:
        raise Failure(f"the edge at {edge} cannot be reached: {error}") from error
    finally:
        connection.close()
