"""Links that are made and edited while processes are killed, and the events that tell of it: for `dev/chaos jobs`."""

import http.client
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter, defaultdict

from harness import die

EDITS_OF_A_LINK = 6
PAGE = 100
# A process that is gone, in the middle of an answer too.
UNANSWERED = (ConnectionError, TimeoutError, http.client.HTTPException, urllib.error.URLError)
# Answers after which one asks again: the key is in flight, or what the API needs is unavailable.
NOT_NOW = (409, 503)


class Writers:
    """Threads that make links and edit each some times, and ask again until they are answered."""

    def __init__(self, elido, workspace, threads):
        self.elido, self.path = elido, f"/v1/workspaces/{workspace}/links"
        self.answered, self.refused = [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.write, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def write(self):
        try:
            self.write_until_told()
        except RuntimeError as error:
            self.refused.append(error)

    def write_until_told(self):
        while not self.stopping.is_set():
            link = self.ask("POST", self.path, {"destination_url": "https://example.com/", "title": "0"})
            self.answered.append((link["id"], "0"))
            for edit in range(1, EDITS_OF_A_LINK):
                self.ask("PATCH", f"{self.path}/{link['id']}", {"title": str(edit)})
                self.answered.append((link["id"], str(edit)))

    def ask(self, method, path, body):
        """One request under one key, for as long as it takes."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.elido.token}", "idempotency-key": uuid.uuid4().hex}
        while True:
            try:
                return request(self.elido, method, path, body, headers)
            except UNANSWERED:
                time.sleep(0.1)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=120)
            if thread.is_alive():
                die("a writer got no answer for two minutes")
        if self.refused:
            die(f"a writer was refused: {self.refused[0]}")


class Follower:
    """Reads the pages of the stream from the beginning, and goes on where it was."""

    def __init__(self, elido, workspace):
        self.elido, self.path = elido, f"/v1/workspaces/{workspace}/events"
        self.events, self.after = [], 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        while not self.stopping.is_set():
            if not self.read_page():
                time.sleep(0.2)

    def read_page(self):
        """Whether there was something new."""
        headers = {"authorization": f"Bearer {self.elido.token}"}
        try:
            page = request(self.elido, "GET", f"{self.path}?after={self.after}&types=link.*&limit={PAGE}", None, headers)
        except UNANSWERED:
            return False
        self.events += page["data"]
        self.after = page["next_after"]
        return bool(page["data"])

    def finish(self):
        """Everything that is there now."""
        self.stopping.set()
        self.thread.join(timeout=60)
        while self.read_page():
            pass
        return self.events


def request(elido, method, path, body, headers):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{elido.api_port}{path}", data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code in NOT_NOW:
            raise ConnectionError(f"answered {error.code}") from error
        raise RuntimeError(f"{method} {path} answered {error.code}: {error.read()[:300]}") from error


def noted(url):
    """What the consumer within the platform took: numbers and ids of events, in the order in which it took them."""
    command = ["psql", url, "--no-psqlrc", "-AtF", " ", "-c", "SELECT sequence, event FROM load_events ORDER BY place"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [(int(sequence), event) for sequence, event in (line.split() for line in lines)]


def is_taken(url):
    """Whether the consumer has nothing left to take."""
    query = """SELECT (SELECT last_event FROM change_sequence) = (SELECT position FROM event_consumers WHERE name = 'load_note_taker')
        AND NOT EXISTS (SELECT 1 FROM event_failures WHERE consumer = 'load_note_taker')"""
    command = ["psql", url, "--no-psqlrc", "-Atc", query]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() == "t"


def count(answered, events, notes):
    """Answered writes whose event is nowhere, events that came twice, and events that came before an earlier one of their link."""
    told = Counter((event["subject"], event["data"]["object"]["title"]) for event in events)
    wanted = Counter(answered)
    ids = {event["id"]: event for event in events}
    takes = Counter(event for _, event in notes)
    lost = sum((wanted - told).values()) + sum(1 for event in ids if event not in takes)
    doubled = sum(told.values()) - len(told) + sum(takes.values()) - len(takes)
    followed = [(event["sequence"], event["subject"]) for event in events]
    taken = [(sequence, ids[event]["subject"]) for sequence, event in notes if event in ids]
    reordered = out_of_order(followed) + out_of_order(taken) + wrong_versions(events)
    return {"events": len(events), "events_taken": len(notes), "events_lost": lost, "events_doubled": doubled, "reordered": reordered}


def out_of_order(sequences):
    """How often an event came behind a later one of the same link."""
    last, found = defaultdict(int), 0
    for sequence, subject in sequences:
        found += sequence < last[subject]
        last[subject] = max(last[subject], sequence)
    return found


def wrong_versions(events):
    """How often an event tells of an older state than the one before it of the same link."""
    last, found = defaultdict(int), 0
    for event in events:
        version = event["data"]["object"]["version"]
        found += version <= last[event["subject"]]
        last[event["subject"]] = version
    return found
