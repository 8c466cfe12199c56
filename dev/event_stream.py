"""What dev/bench events measures: how fast events are followed beside a bare SELECT, and how many changes writers get through."""

import http.client
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from harness import Elido, build, die, result, say, shell

CONNECTIONS = [1, 8, 32]
WORKSPACES = 8
# One change each: a link, which edges have to know of too.
SCRIPT = """
local tokens, paths, count = {token}, {paths}, 0
request = function()
  count = count + 1
  local headers = {{["content-type"] = "application/json", ["authorization"] = "Bearer " .. tokens}}
  return wrk.format("POST", paths[count % #paths + 1], headers, '{{"destination_url":"https://example.com/' .. count .. '"}}')
end
"""


def run(arguments):
    shell("need_packages wrk")
    executable = arguments.executable or build("release")
    settings = {}
    if arguments.postgres:
        settings["database.url"] = new_database(arguments.postgres)
    with Elido(executable, settings) as elido:
        elido.start("api")
        workspace = elido.first_account()
        figures = {"bench": "events", "database": "postgres" if arguments.postgres else "sqlite", "cores": os.cpu_count()}
        say(f"making {arguments.events} links in bulk")
        started = time.monotonic()
        drafts = [{"destination_url": f"https://example.com/{number}"} for number in range(arguments.events)]
        elido.create_links(workspace, drafts)
        figures["bulk_links_per_s"] = round(arguments.events / (time.monotonic() - started))
        figures["events"] = arguments.events
        followed, selected = [], []
        for _ in range(arguments.rounds):
            followed.append(arguments.events / follow(elido, workspace, arguments.events))
            selected.append(arguments.events / select(elido, settings, workspace))
        figures["followed_per_s"] = round(statistics.median(followed))
        figures["selected_per_s"] = round(statistics.median(selected))
        figures["followed_ratio"] = round(figures["followed_per_s"] / figures["selected_per_s"], 3)
        others = [make_workspace(elido) for _ in range(WORKSPACES)]
        for connections in CONNECTIONS:
            runs = [write(elido, [workspace], connections, arguments.seconds) for _ in range(arguments.rounds)]
            figures[f"writes_{connections}_per_s"] = round(statistics.median(runs))
        runs = [write(elido, others, CONNECTIONS[-1], arguments.seconds) for _ in range(arguments.rounds)]
        figures[f"writes_{CONNECTIONS[-1]}_in_{WORKSPACES}_workspaces_per_s"] = round(statistics.median(runs))
    show(figures)
    result(figures)


def show(figures):
    for name, value in figures.items():
        print(f"{name:40} {value}")


def make_workspace(elido):
    name = f"w{uuid.uuid4().hex}"
    return elido.api("POST", "/v1/workspaces", {"name": "Writers", "slug": name})["id"]


def follow(elido, workspace, count):
    """Seconds in which one stream of server-sent events brings all of them."""
    connection = http.client.HTTPConnection("127.0.0.1", elido.api_port, timeout=60)
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {elido.token}"}
    started = time.monotonic()
    connection.request("GET", f"/v1/workspaces/{workspace}/events?after=0&types=link.created", headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        die(f"the stream answered {answer.status}: {answer.read()[:500]}")
    seen, tail = 0, b""
    while seen < count:
        piece = answer.read1(1 << 20)
        if not piece:
            die(f"the stream ended after {seen} events")
        text = tail + piece
        seen += text.count(b"\ndata: ")
        tail = text[-6:]
    seconds = time.monotonic() - started
    connection.close()
    return seconds


def select(elido, settings, workspace):
    """Seconds in which a bare SELECT on one connection gives the same rows."""
    bare = uuid.UUID(workspace.removeprefix("ws_"))
    query = "SELECT sequence, id, type, schema_version, workspace_id, subject, actor, data, created_at FROM events"
    started = time.monotonic()
    if settings:
        statement = f"COPY ({query} WHERE workspace_id = '{bare}' AND type = 'link.created' ORDER BY sequence) TO STDOUT"
        command = ["psql", settings["database.url"], "-Atc", statement]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    else:
        file = Path(elido.settings["data_folder"]) / "elido.db"
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            where = "WHERE workspace_id = ? AND type = 'link.created' ORDER BY sequence"
            for _ in connection.execute(f"{query} {where}", (bare.bytes,)):
                pass
    return time.monotonic() - started


def write(elido, workspaces, connections, seconds):
    """Links made a second, each by a request of its own."""
    paths = "{" + ",".join(f'"/v1/workspaces/{each}/links"' for each in workspaces) + "}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(token=f'"{elido.token}"', paths=paths))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{elido.api_port}"]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        die(f"some links were not made:\n{output}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1])


def new_database(server):
    """A database of its own on this server."""
    if not shutil.which("psql"):
        die("psql is not installed: it reads the events beside Elido")
    name = f"bench_{uuid.uuid4().hex}"
    subprocess.run(["psql", server, "-qc", f"CREATE DATABASE {name}"], check=True)
    return server.rsplit("/", 1)[0] + f"/{name}"
