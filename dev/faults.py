"""What the scenarios that break one installation share: the preloaded library, what the installation consists of, and the promises."""

import json
import mmap
import os
import re
import shutil
import struct
import subprocess
from contextlib import ExitStack
from pathlib import Path

from account import Client
from harness import ROOT, Elido, say, shell
from servers import Postgres, Redis

SETTINGS = {
    "edge.workers": 2, "edge.journal.segment_bytes": 1024 * 1024, "edge.journal.sync_interval_ms": 200, "edge.cache.snapshot_interval_seconds": 1,
    "log.filter": "warn",
}
# What a file is, in the order of dev/faults/faults.c: the parts in `/readyz` that say so, and how a line of the log names it.
KINDS = {
    "database": (("database", "origin"), r"elido\.db|part=\"database\"|(?<!click store failed: )error returned from database"),
    "click_store": (("click_store", "click_ingester"), r"clicks\.db|part=\"click_store\"|click store|clicks are not being stored"),
    "journal": (("click_journal", "click_ingester"), r"click journal|\.segment"),
    "snapshot": ((), r"links\.snapshot|the snapshot"),
    "other": ((), ""),
}
# What is missing of the clicks, whatever took it.
ACCOUNT = (("click_account",), "the account of clicks")
# So few failed calls may have met only what is tried again at once.
UNTOLD_MAX = 20


def library():
    """Builds the library to preload."""
    shell("need_packages gcc libc6-dev")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "faults"
    target.mkdir(parents=True, exist_ok=True)
    built = target / "faults.so"
    command = ["gcc", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", built, ROOT / "dev/faults/faults.c", "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return built


class Faults:
    """What the preloaded library is told, and what it counts: `struct control` of dev/faults/faults.c."""

    NAMES = ("failing", "one_in", "state", "clock_offset", "calls", "no_space", "io_errors", "short_writes", "syncs", "handed_back", *KINDS)
    FORM = struct.Struct(f"=IIQq{len(NAMES) - 4}Q")

    def __init__(self, built, elido, seed, one_in=1, shadow=False):
        path = elido.folder / "faults"
        path.write_bytes(self.FORM.pack(0, one_in, seed, *[0] * (len(self.NAMES) - 3)))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), self.FORM.size)
        elido.environment = {"LD_PRELOAD": str(built), "FAULTS_CONTROL": str(path), "FAULTS_FOLDER": str(elido.folder / "data")}
        if shadow:
            (elido.folder / "shadow").mkdir()
            elido.environment["FAULTS_SHADOW"] = str(elido.folder / "shadow")

    def __getattr__(self, name):
        return self.FORM.unpack(self.memory[:])[self.NAMES.index(name)]

    def fail(self, failing):
        """Lets calls fail from now on, or none."""
        self.memory[0:4] = struct.pack("=I", failing)

    def step_clock(self, seconds):
        """Sets the wall clock of the process so far ahead, or back."""
        self.memory[16:24] = struct.pack("=q", int(seconds * 1e6))

    @property
    def injected(self):
        return self.no_space + self.io_errors + self.short_writes


def copy_folder(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


class Told:
    """What the process says of itself while something is wrong."""

    def __init__(self, elido):
        self.elido, self.parts = elido, set()

    def ask(self):
        """Keeps which parts are not well now, as `/readyz` says."""
        text = Client(self.elido.internal).send("GET", "/readyz")[1]
        try:
            self.parts |= {part for part, condition in json.loads(text)["checks"].items() if condition != "up"}
        except ValueError:
            pass

    def names(self, kind):
        """Whether `/readyz` or the log names this kind of file, or the account of clicks."""
        parts, _ = ACCOUNT if kind == "account" else KINDS[kind]
        return bool(self.parts.intersection(parts)) or self.logs(kind)

    def logs(self, kind):
        """Whether a warning in the log does."""
        _, words = ACCOUNT if kind == "account" else KINDS[kind]
        return any(re.search(words, line) for line in warnings(self.elido))


def warnings(elido):
    """The lines of the log that say that something is wrong."""
    lines = (elido.folder / "log").read_text(errors="replace").splitlines()
    return [line for line in lines if re.search(r"\b(WARN|ERROR)\b", line)]


def choose_database(parser):
    """The option of where the source of truth is."""
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite", help="the source of truth (default sqlite); postgres has Redis beside it")


class Behind:
    """What an installation has behind it besides its own files: nothing, or PostgreSQL and Redis."""

    def __init__(self, database):
        self.parts = ExitStack()
        self.postgres = self.redis = None
        if database == "postgres":
            shell("need_packages redis-server redis-tools")
            self.postgres = Postgres()
            self.parts.callback(self.postgres.remove)
            self.redis = Redis(is_cluster=False)
            self.parts.callback(self.redis.remove)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.parts.close()

    def settings(self, run):
        """Those of an installation that finds nothing of another one."""
        if not self.postgres:
            return {}
        return {"database.url": self.postgres.new_database(f"run_{run}"), "cache.url": self.redis.url(), "cache.key_prefix": f"run_{run}:"}


def each_seed(arguments, name, run):
    """Runs a scenario for every seed, and adds up what they came to."""
    built, totals = library(), {}
    with Behind(arguments.database) as behind:
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            with Elido(arguments.executable, SETTINGS | behind.settings(seed)) as elido:
                elido.postgres = behind.postgres
                figures = run(arguments, elido, built, seed)
            say(f"{name} on {arguments.database}, seed {seed}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
            for key, value in figures.items():
                totals[key] = totals.get(key, 0) + value
    return {"database": arguments.database, "seeds": arguments.seeds, **totals}


def broken_promises(figures):
    """What must be zero and is not."""
    promises = {
        "lost": "every answered write is there", "unaccounted": "every answered redirect is stored or counted as dropped",
        "stale": "no edge answers an old value a second after an edit", "restarts_needed": "all is well again without a restart",
        "untold": "the log and /readyz say what is wrong", "silently_wrong": "nothing damaged is answered as if it were right",
    }
    return [promise for key, promise in promises.items() if figures.get(key)]
