"""What dev/bench api measures: making links and listing them in a workspace of a million, beside the same statements as bare SQL."""

import http.client
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

from harness import Elido, build, die, result, say
from servers import Postgres

# The oldest links, which alone have what most filters ask for: a list that starts with the newest finds them last.
OLDEST = 1_000
BULK_LINKS = 1_000
PAGE = 100
SECOND = 1_000_000
YEAR = 365 * 24 * 3600 * SECOND


class Database:
    """The database of one run."""

    def __init__(self, url):
        self.url = url
        self.columns = {}

    def sql(self, statement):
        command = ["psql", self.url, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", statement]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def copies(self, table, where, changes, source=""):
        """The statement that inserts copies of one row of `table`, with other values in some columns."""
        if table not in self.columns:
            query = f"SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
            self.columns[table] = self.sql(query).split(",")
        values = [f"({changes[name]})" if name in changes else f"t.{name}" for name in self.columns[table]]
        return f"INSERT INTO {table} ({','.join(self.columns[table])}) SELECT {','.join(values)} FROM {table} t{source} WHERE {where}"

    def pgbench(self, script, transactions):
        """Milliseconds of each transaction of a script on one connection."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "script.sql"
            file.write_text(script)
            command = [pgbench(), "-n", "-M", "prepared", "-t", str(transactions), "-l", "-f", file, self.url]
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if run.returncode != 0:
                die(f"pgbench: {run.stderr}\n{script}")
            log = next(Path(folder).glob("pgbench_log.*"))
            return [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]

    def sequential_scans(self):
        return int(self.sql("SELECT COALESCE(sum(seq_scan), 0) FROM pg_stat_user_tables WHERE relname IN ('links', 'link_tags', 'events', 'audit_events')"))


def pgbench():
    """Debian keeps it beside the server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return found[-1] if found else "pgbench"


class Client:
    """One connection to the API."""

    def __init__(self, elido):
        self.connection = http.client.HTTPConnection("127.0.0.1", elido.api_port, timeout=120)
        self.headers = {"authorization": f"Bearer {elido.token}", "content-type": "application/json"}

    def call(self, method, path, body=None):
        """Milliseconds, and the response."""
        data = None if body is None else json.dumps(body)
        started = time.perf_counter()
        self.connection.request(method, path, data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - started) * 1000
        if answer.status >= 300:
            die(f"{method} {path} answered {answer.status}: {text[:500]}")
        return took, json.loads(text)


def run(arguments):
    executable = arguments.executable or build("release")
    server = Postgres(durable=True)
    try:
        database = Database(server.new_database("api"))
        with Elido(executable, {"database.url": database.url}) as elido:
            elido.start("api")
            figures = {"bench": "api", "links": arguments.links, "cores": os.cpu_count()}
            workspace = elido.first_account()
            figures |= fill(database, elido, workspace, arguments.links)
            scans = database.sequential_scans()
            figures |= lists(database, elido, workspace, arguments)
            figures |= walk(elido, workspace, arguments.links)
            figures["sequential_scans"] = database.sequential_scans() - scans
            figures |= creates(database, elido, workspace, arguments.requests)
            figures |= bulk(database, elido, workspace, arguments.rounds)
            elido.stop()
    finally:
        server.remove()
    result(figures)


def fill(database, elido, workspace, count):
    """Copies one link until there are `count` of them."""
    say(f"making {count} links")
    links = f"/v1/workspaces/{workspace}/links"
    template = elido.api("POST", links, {"destination_url": "https://example.com/catalogue/0", "title": "Catalogue 0", "tags": ["old", "rare", "half"]})
    row = f"t.id = '{bare(template['id'])}'"
    person, domain = uuid.uuid4(), uuid.uuid4()
    database.sql(database.copies("users", "TRUE", {"id": f"'{person}'::uuid", "email": "'old@example.com'", "email_key": "'old@example.com'"}))
    place = {"id": f"'{domain}'::uuid", "hostname": "'old.example'", "workspace_id": f"'{bare(workspace)}'::uuid", "is_default": "FALSE"}
    database.sql(database.copies("domains", "t.is_default", place))
    first = f"(SELECT created_at FROM links WHERE id = '{bare(template['id'])}') - {YEAR}"
    moment = f"{first} + n::bigint * {YEAR // (count + 1)}"
    is_old = f"n <= {OLDEST}"
    destination = "'https://example.com/catalogue/' || n"
    started = time.monotonic()
    database.sql(database.copies("links", row, {
        "id": identifier(moment), "slug": "'b' || n", "slug_key": "'b' || n", "destination_url": destination, "destination_hash": "n",
        "title": "'Catalogue ' || n", "search_key": f"'b' || n || E'\\n' || {destination} || E'\\n\\ncatalogue ' || n",
        "domain_id": f"CASE WHEN {is_old} THEN '{domain}'::uuid ELSE t.domain_id END",
        "created_by": f"CASE WHEN {is_old} THEN '{person}'::uuid ELSE t.created_by END",
        "archived": is_old, "created_at": moment, "updated_at": moment,
    }, f", generate_series(1, {count - 1}) n"))
    filled = time.monotonic() - started
    pairs = {"old": f"l.archived", "half": "l.destination_hash % 2 = 0", "rare": f"l.destination_hash % {count // 10} = 1"}
    for name, which in pairs.items():
        tag = f"(SELECT id FROM tags WHERE name = '{name}')"
        database.sql(f"INSERT INTO link_tags (link_id, tag_id) SELECT l.id, {tag} FROM links l WHERE l.destination_url <> 'https://example.com/catalogue/0' AND {which}")
    database.sql("VACUUM (ANALYZE)")
    return {"fill_seconds": round(filled)}


def identifier(moment):
    """SQL for a UUID that begins with a time, as those of links do."""
    return f"(lpad(to_hex(({moment}) / 1000), 12, '0') || '7000' || '8' || substr(md5(n::text), 1, 15))::uuid"


def bare(identity):
    """The UUID of an id with a prefix."""
    return uuid.UUID(identity.rpartition("_")[2])


def cases(database, links, person):
    """Filters of the list: parameters, and what the same is in SQL."""
    domain = database.sql("SELECT id FROM domains WHERE hostname = 'old.example'")
    tags = dict(line.split("|") for line in database.sql("SELECT name, id FROM tags").splitlines())
    tagged = lambda name: f"id IN (SELECT link_id FROM link_tags WHERE tag_id = '{tags[name]}')"
    like = lambda text: f"search_key LIKE '%{text}%'"
    return {
        "all": ({}, "TRUE"),
        "active": ({"archived": "false"}, "NOT archived"),
        "archived": ({"archived": "true"}, "archived"),
        "domain": ({"domain": "old.example"}, f"domain_id = '{domain}'"),
        "creator": ({"created_by": person}, f"created_by = '{bare(person)}'"),
        "tag_old": ({"tag": "old"}, tagged("old")),
        "tag_half": ({"tag": "half"}, tagged("half")),
        "tag_rare": ({"tag": "rare"}, tagged("rare")),
        "archived_tag_half": ({"archived": "true", "tag": "half"}, f"archived AND {tagged('half')}"),
        "search_common": ({"search": "Catalogue"}, like("catalogue")),
        "search_rare": ({"search": f"catalogue/{links // 3}"}, like(f"catalogue/{links // 3}")),
        "search_nothing": ({"search": "no such text"}, like("no such text")),
        "archived_by_update": ({"archived": "true", "sort": "-updated_at"}, "archived"),
    }


def lists(database, elido, workspace, arguments):
    """The first page for each filter."""
    person = "usr_" + uuid.UUID(database.sql("SELECT id FROM users WHERE email = 'old@example.com'")).hex
    figures = {}
    print(f"{'first page of the list':24}{'p50 ms':>10}{'p95 ms':>10}{'bare p50':>10}{'bare p95':>10}")
    for name, (parameters, where) in cases(database, arguments.links, person).items():
        path = f"/v1/workspaces/{workspace}/links?{urlencode({'limit': PAGE, **parameters})}"
        client, times, first = Client(elido), [], time.monotonic()
        while len(times) < arguments.requests and (len(times) < 5 or time.monotonic() - first < 10):
            times.append(client.call("GET", path)[0])
        column = "updated_at" if "sort" in parameters else "created_at"
        query = f"SELECT * FROM links WHERE workspace_id = '{bare(workspace)}' AND {where} ORDER BY {column} DESC, id DESC LIMIT {PAGE + 1};"
        beside = database.pgbench(query, len(times))
        figures |= {f"list_{name}_p95_ms": percentile(times, 95), f"bare_list_{name}_p95_ms": percentile(beside, 95)}
        print(f"{name:24}{percentile(times, 50):10}{percentile(times, 95):10}{percentile(beside, 50):10}{percentile(beside, 95):10}", flush=True)
    return figures


def walk(elido, workspace, links):
    """Every page of the whole list, one behind the other."""
    client, cursor, seen, times = Client(elido), None, 0, []
    while True:
        query = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        took, page = client.call("GET", f"/v1/workspaces/{workspace}/links?{urlencode(query)}")
        times.append(took)
        seen += len(page["data"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    if seen != links:
        die(f"the pages have {seen} links in place of {links}")
    tenth = max(1, len(times) // 10)
    figures = {
        "walk_pages": len(times), "walk_p95_ms": percentile(times, 95),
        "walk_first_tenth_p95_ms": percentile(times[:tenth], 95), "walk_last_tenth_p95_ms": percentile(times[-tenth:], 95),
    }
    print(f"\n{len(times)} pages: p95 {figures['walk_p95_ms']} ms; of the last tenth {figures['walk_last_tenth_p95_ms']} ms")
    return figures


def creates(database, elido, workspace, requests):
    """Links made one at a time."""
    client = Client(elido)
    path = f"/v1/workspaces/{workspace}/links"
    times = [client.call("POST", path, {"destination_url": f"https://example.com/made/{number}", "title": f"Made {number}"})[0] for number in range(requests)]
    beside = database.pgbench(one_by_hand(database, workspace, 1), requests)
    figures = {"create_p50_ms": percentile(times, 50), "create_p95_ms": percentile(times, 95), "bare_create_p95_ms": percentile(beside, 95)}
    print(f"create: p50 {figures['create_p50_ms']} ms, p95 {figures['create_p95_ms']} ms; bare SQL p95 {figures['bare_create_p95_ms']} ms")
    return figures


def bulk(database, elido, workspace, rounds):
    """Links made a thousand at a time."""
    path = f"/v1/workspaces/{workspace}/links/bulk"
    times, beside = [], []
    for number in range(rounds * 3):
        client = Client(elido)
        drafts = [{"destination_url": f"https://example.com/bulk/{number}/{each}", "title": f"Bulk {each}"} for each in range(BULK_LINKS)]
        took, response = client.call("POST", path, {"links": drafts})
        if any("link" not in each for each in response["results"]):
            die("some links of a bulk request were not made")
        times.append(took)
        beside += database.pgbench(one_by_hand(database, workspace, BULK_LINKS), 1)
    figures = {"bulk_links_per_s": round(BULK_LINKS * 1000 / statistics.median(times)), "bare_bulk_links_per_s": round(BULK_LINKS * 1000 / statistics.median(beside))}
    print(f"bulk: {figures['bulk_links_per_s']:,} links/s; bare SQL {figures['bare_bulk_links_per_s']:,} links/s")
    return figures


def one_by_hand(database, workspace, links):
    """A transaction that writes the rows that making so many links writes."""
    chain = f"'{bare(workspace)}'::uuid"
    template = database.sql(f"SELECT id FROM links WHERE workspace_id = {chain} ORDER BY created_at DESC LIMIT 1")
    numbers, fresh = f", generate_series(1, {links}) n", "gen_random_uuid()"
    slug = "'h' || replace(gen_random_uuid()::text, '-', '')"
    last = lambda table, column="sequence": database.sql(f"SELECT max({column}) FROM {table}")
    audit = f"t.chain = {chain} AND t.sequence = {database.sql(f'SELECT max(sequence) FROM audit_events WHERE chain = {chain}')}"
    number = f"(SELECT sequence FROM audit_heads WHERE chain = {chain})"
    event = "(SELECT last_event FROM change_sequence)"
    return "\n".join(statement + ";" for statement in [
        "BEGIN",
        database.copies("links", f"t.id = '{template}'", {"id": fresh, "slug": slug, "slug_key": slug, "external_id": "NULL::text"}, numbers),
        f"SELECT * FROM audit_heads WHERE chain = {chain} FOR NO KEY UPDATE",
        database.copies("audit_events", audit, {"sequence": f"{number} + n", "id": fresh}, numbers),
        f"UPDATE audit_heads SET sequence = sequence + {links} WHERE chain = {chain}",
        f"UPDATE change_sequence SET last = last + 1, last_event = last_event + {links}",
        database.copies("events", f"t.sequence = {last('events')}", {"sequence": f"{event} - {links} + n", "id": fresh}, numbers),
        database.copies("changes", f"t.sequence = {last('changes')}", {"sequence": "(SELECT last FROM change_sequence)"}),
        "COMMIT",
    ]) + "\n"


def percentile(values, rank):
    """A value of the list: `rank` of a hundred are at most as large."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(len(ordered) * rank / 100) - 1)], 2)
