"""Processes that enqueue and do jobs and take events, an API and workers are killed at random moments, and PostgreSQL is restarted twice.
Every job that was committed is done, and none has an effect twice that may have it once. Every edit of a link that was answered is an event,
which followers and consumers get once, and those of one link in order.
"""

import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

import edits
from harness import ROOT, Elido, die, say
from servers import Postgres, wait_until

SIZES = {
    "kills": ("processes that are killed", 40, 8),
    "seconds": ("how long the load lasts", 120, 20),
    "seed": ("which process is killed when", 1, 1),
}
POSTGRES_RESTARTS = 2
# A lease, the pauses of a job that failed several times, and what a busy machine takes.
PATIENCE_SECONDS = 400
ENQUEUERS = 2
WORKERS = 2
WRITERS = 3


def add_arguments(parser):
    parser.add_argument("--load", type=Path, help="the executable of tests/crash_jobs.rs in place of a new build")


def build_load():
    """Builds what enqueues and does jobs, and says where it is."""
    command = ["cargo", "test", "--locked", "--no-run", "--test", "crash_jobs", "--message-format", "json"]
    text = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    built = [json.loads(line) for line in text.splitlines()]
    return next(each["executable"] for each in built if each.get("target", {}).get("name") == "crash_jobs" and each.get("executable"))


class Load:
    """Processes of tests/crash_jobs.rs on one database."""

    def __init__(self, executable, url, folder, chance):
        self.executable, self.url, self.folder, self.chance = executable, url, folder, chance
        self.processes = []
        self.run("prepare")

    def command(self, what):
        return [self.executable, what, self.url, self.folder]

    def run(self, what):
        return subprocess.run(self.command(what), check=True, stdout=subprocess.PIPE, text=True).stdout

    def start(self, what):
        with open(self.folder / "log", "ab") as log:
            self.processes.append((what, subprocess.Popen(self.command(what), stderr=log)))

    def kill_one(self):
        what, process = self.processes.pop(self.chance.randrange(len(self.processes)))
        process.kill()
        process.wait()
        self.start(what)

    def stop(self, kinds):
        for what, process in self.processes:
            if what in kinds:
                process.kill()
                process.wait()
        self.processes = [each for each in self.processes if each[0] not in kinds]

    def is_settled(self):
        sql = "SELECT count(*) FROM jobs WHERE state IN ('ready', 'running') AND kind LIKE 'load_%'"
        command = ["psql", "--quiet", "--no-psqlrc", "--tuples-only", self.url, "--command", sql]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() == "0"


def restart_elido(installation, roles):
    installation.process.kill()
    installation.process.wait()
    installation.start(roles)


def run_load(load, postgres, installations, arguments, chance):
    """Kills and restarts until the time is over; how many processes were killed."""
    pause = arguments.seconds / arguments.kills
    restarts = {arguments.kills * (each + 1) // (POSTGRES_RESTARTS + 1) for each in range(POSTGRES_RESTARTS)}
    for number in range(arguments.kills):
        time.sleep(chance.uniform(0, 2 * pause))
        if number in restarts:
            say("restarting PostgreSQL")
            postgres.crash()
        if number % 4 == 3:
            restart_elido(*chance.choice(installations))
        else:
            load.kill_one()
    return arguments.kills


def run(arguments):
    postgres = Postgres()
    folder = Path(tempfile.mkdtemp(prefix="elido-jobs-"))
    url = postgres.new_database("jobs")
    load, chance = None, random.Random(arguments.seed)
    try:
        load = Load(arguments.load or build_load(), url, folder, chance)
        with Elido(arguments.executable, {"database.url": url}) as api, Elido(arguments.executable, {"database.url": url}) as workers:
            api.start("api")
            workers.start("workers")
            for what, count in (("enqueue", ENQUEUERS), ("work", WORKERS)):
                for _ in range(count):
                    load.start(what)
            workspace = api.first_account()
            writers, follower = edits.Writers(api, workspace, WRITERS), edits.Follower(api, workspace)
            say(f"killing {arguments.kills} processes in about {arguments.seconds} s")
            kills = run_load(load, postgres, [(api, "api"), (workers, "workers")], arguments, chance)
            load.stop({"enqueue"})
            writers.stop()
            say("waiting until every job is done and every event is taken")
            wait_until("end of all jobs", lambda: load.is_settled(), PATIENCE_SECONDS)
            wait_until("end of all events", lambda: edits.is_taken(url), PATIENCE_SECONDS)
            of_events = edits.count(writers.answered, follower.finish(), edits.noted(url))
            load.stop({"work"})
            checked = subprocess.run(load.command("check"), stdout=subprocess.PIPE, text=True)
    finally:
        if load:
            load.stop({"enqueue", "work"})
        postgres.remove()
    line = next((line for line in checked.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        die("the jobs could not be counted")
    counted = json.loads(line.removeprefix("RESULT "))
    counted.pop("test")
    print(f"\n{counted['jobs']:,} jobs, {kills} kills, {POSTGRES_RESTARTS} restarts of PostgreSQL: {counted['lost']} lost, {counted['duplicated']} doubled")
    print(f"{of_events['events']:,} events: {of_events['events_lost']} lost, {of_events['events_doubled']} doubled, {of_events['reordered']} out of order")
    broken = [name.replace("_", " ") for name in ("events_lost", "events_doubled", "reordered") if of_events[name]]
    if counted["lost"]:
        broken.append("no job that was committed is lost")
    if counted["duplicated"]:
        broken.append("no job has an effect twice that may have it once")
    if not counted["jobs"] or not of_events["events"]:
        broken.append("there was load")
    return {"seed": arguments.seed, **counted, **of_events, "kills": kills, "postgres_restarts": POSTGRES_RESTARTS}, broken
