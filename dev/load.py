"""Redirects asked for by `elido bench`, beside what else goes on."""

import atexit
import json
import math
import socket
import subprocess

from harness import die

# Requests on their way at once on a connection that warms a cache.
PIPELINED = 64


def percentile(values, share):
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


class Load:
    """One run of `elido bench`, which begins at once."""

    def __init__(self, executable, folder, urls, *options):
        file = folder / f"load-{id(self)}.txt"
        file.write_text("".join(f"{url}\n" for url in urls))
        command = [executable, "bench", "--json", "--file", file, *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        # Also when the scenario is given up in the middle of it.
        atexit.register(self.process.kill)

    def is_running(self):
        return self.process.poll() is None

    def end(self):
        """Waits for the end of the run; its figures."""
        text, _ = self.process.communicate()
        lines = [line for line in text.splitlines() if line.startswith("RESULT ")]
        if not lines:
            die(f"the load measured nothing:\n{text}")
        return json.loads(lines[-1].removeprefix("RESULT "))


def failures(figures):
    """Requests of a run that were no redirect."""
    return figures["other_responses"] + figures["errors"]


def urls(edges, links):
    """Every link at every edge, the first link first."""
    return [f"http://127.0.0.1:{edge.edge}/{link['slug']}" for link in links for edge in edges]


def ask_once(edge, links):
    """Asks an edge for every link, so that it knows them; how many it redirected."""
    redirects = 0
    with socket.create_connection(("127.0.0.1", edge.edge), timeout=30) as connection:
        answers = connection.makefile("rb")
        for start in range(0, len(links), PIPELINED):
            batch = links[start : start + PIPELINED]
            requests = [f"GET /{link['slug']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for link in batch]
            connection.sendall("".join(requests).encode())
            redirects += sum(read_response(answers)[0] == 302 for _ in batch)
    return redirects


def read_response(answers):
    """The status and the location of the next answer on a connection."""
    line = answers.readline()
    if not line:
        raise ConnectionError("the connection was closed")
    status, length, location = int(line.split(b" ", 2)[1]), 0, None
    while header := answers.readline().strip():
        name, _, value = header.partition(b": ")
        if name == b"location":
            location = value.decode()
        elif name == b"content-length":
            length = int(value)
    answers.read(length)
    return status, location
