"""What links and clicks take: memory of an edge, disk of PostgreSQL, of the journal, of Kafka, and of both click stores. For `dev/bench sizes`."""

import itertools
import random
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from harness import Elido, build, result, say
from load import ask_once, read_response
from servers import ClickHouse, Kafka, Postgres, wait_until

PIPELINED = 64
# Far above what is measured, so that nothing is left out.
ROOM = {"edge.cache.entries_max": 5_000_000, "edge.cache.bytes_max": 4 << 30, "edge.journal.bytes_max": 4 << 30}
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36",
]
REFERRERS = ["https://news.example.org/stories/2026/11/a-long-enough-name", "https://www.example.com/", None, None]


def destination(number):
    return f"https://example.com/catalogue/{number}?reference=newsletter"


def resident_bytes(process):
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096


def visit(elido, links, count):
    """So many visits, by browsers of several kinds, from several places."""
    chance = random.Random(1)
    with socket.create_connection(("127.0.0.1", elido.edge), timeout=30) as connection:
        answers = connection.makefile("rb")
        for start in range(0, count, PIPELINED):
            batch = range(min(PIPELINED, count - start))
            connection.sendall("".join(request(chance.choice(links)["slug"], chance) for _ in batch).encode())
            for _ in batch:
                if read_response(answers)[0] != 302:
                    raise RuntimeError("a visit was not redirected")


def request(slug, chance):
    referrer = chance.choice(REFERRERS)
    told = f"Referer: {referrer}\r\n" if referrer else ""
    return f"GET /{slug} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {chance.choice(AGENTS)}\r\nAccept-Language: en-GB,en;q=0.9\r\n{told}\r\n"


def journal_bytes(elido):
    """What was written: segments are made in full length."""
    return sum(len(file.read_bytes().rstrip(b"\0")) for file in (Path(elido.settings["data_folder"]) / "journal").rglob("*") if file.is_file())


def bus_bytes(kafka):
    return sum(file.stat().st_size for file in (kafka.folder / "data").glob("clicks-*/*.log"))


def query(postgres, text):
    command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", postgres.url, "--command", text]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def of_links(parts, arguments, postgres, bus):
    """An edge with every link in its cache, and what one takes there and in PostgreSQL."""
    api = parts.enter_context(Elido(arguments.executable, {"database.url": postgres.url, "bus.url": bus.url}))
    api.start("api")
    workspace = api.first_account()
    before = query(postgres, "SELECT pg_database_size(current_database())")
    drafts = [{"destination_url": destination(number)} for number in range(arguments.links)]
    say(f"making {arguments.links} links")
    links = list(itertools.chain.from_iterable(api.create_links(workspace, drafts[start : start + 10_000]) for start in range(0, arguments.links, 10_000)))
    stored = query(postgres, "SELECT pg_database_size(current_database())") - before
    edge = parts.enter_context(Elido(arguments.executable, ROOM | {"bus.url": bus.url, "grpc.origin_url": f"http://127.0.0.1:{api.grpc}"}))
    edge.start("edge")
    wait_until("link", lambda: ask_once(edge, links[:1]) == 1, 30)
    idle = resident_bytes(edge.process)
    if ask_once(edge, links) != len(links):
        raise RuntimeError("an edge does not know every link")
    figures = {
        "edge_idle_bytes": idle, "edge_bytes_per_cached_link": round((resident_bytes(edge.process) - idle) / len(links)),
        "edge_counted_bytes_per_cached_link": round(edge.metric("elido_link_cache_bytes") / len(links)), "postgres_bytes_per_link": round(stored / len(links)),
    }
    return api, edge, links, figures


def of_clicks(parts, arguments, api, edge, links, bus):
    """Clicks that wait while the bus is away, go to it, and into ClickHouse."""
    wait_until("empty journal", lambda: edge.metric("elido_click_shipped_records_total") >= edge.metric("elido_journal_records_total"), 60)
    say(f"{arguments.clicks} visits while the bus is away")
    bus.pause()
    before = journal_bytes(edge), bus_bytes(bus)
    visit(edge, links, arguments.clicks)
    waiting = journal_bytes(edge) - before[0]
    bus.resume()
    wait_until("clicks on the bus", lambda: edge.metric("elido_click_shipped_records_total") >= edge.metric("elido_journal_records_total"), 120)
    sent = bus_bytes(bus) - before[1]
    clickhouse = ClickHouse()
    parts.callback(clickhouse.remove)
    stores = {"database.url": api.settings["database.url"], "bus.url": bus.url, "click_store.url": clickhouse.url}
    parts.enter_context(Elido(arguments.executable, stores)).start("ingester")
    wait_until("clicks in ClickHouse", lambda: int(clickhouse.ask("SELECT coalesce(sum(total_rows), 0) FROM system.tables WHERE name = 'clicks'")[0][0]) >= arguments.clicks, 180)
    clickhouse.ask("OPTIMIZE TABLE clicks FINAL")
    rows, kept = map(int, clickhouse.ask("SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'clicks'")[0])
    return {
        "journal_bytes_per_click": round(waiting / arguments.clicks), "bus_bytes_per_click": round(sent / arguments.clicks),
        "clickhouse_bytes_per_click": round(kept / rows, 1),
    }


def embedded(arguments):
    """The same visits of one process with everything in it, packed."""
    with Elido(arguments.executable, ROOM) as elido:
        elido.start("all")
        workspace = elido.first_account()
        links = elido.create_links(workspace, [{"destination_url": destination(number)} for number in range(1000)])
        wait_until("link", lambda: ask_once(elido, links[:1]) == 1, 30)
        visit(elido, links, arguments.clicks)
        elido.stop()
        folder = Path(elido.settings["data_folder"])
        subprocess.run([elido.executable, "clicks", "compact"], env={"ELIDO_DATA_FOLDER": str(folder)}, cwd=folder, check=True, capture_output=True)
        return {"embedded_bytes_per_click": round(sum(file.stat().st_size for file in folder.glob("clicks.db*")) / arguments.clicks, 1)}


def run(arguments):
    arguments.executable = arguments.executable or build("release")
    with ExitStack() as parts:
        postgres, bus = Postgres(), Kafka()
        for server in (postgres, bus):
            parts.callback(server.remove)
        api, edge, links, figures = of_links(parts, arguments, postgres, bus)
        figures |= of_clicks(parts, arguments, api, edge, links, bus)
    figures |= embedded(arguments)
    for name, value in figures.items():
        print(f"{name:40}{value:>14,}")
    result({"bench": "sizes", "links": arguments.links, "clicks": arguments.clicks, **figures})
