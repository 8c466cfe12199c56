"""A container with little memory for one process: a control group of the kernel's, or a limit of the process where none may be made."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness import say

ROOT = Path("/sys/fs/cgroup")
MEGABYTE = 2**20
# How often a container is made smaller while it is to become too small.
SQUEEZE_EVERY_S = 0.05
# A program that takes one megabyte after the other, and that the kernel kills last.
NEIGHBOUR = """
import contextlib, time
with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
    score.write("-1000")
taken = []
while True:
    taken.append(b"x" * 2**20)
    time.sleep(0.005)
"""


def container(megabytes):
    """The best that this user may make."""
    for kind in (SecondGroup, FirstGroup):
        try:
            return kind(megabytes)
        except OSError:
            pass
    say("no control group can be made by this user: the process has a limit of its data instead")
    return DataLimit(megabytes)


class Group:
    """A control group. `LIMIT` is its file with the limit, `KILLS` that with the count of what the kernel killed."""

    def __init__(self, parent, megabytes):
        self.megabytes = megabytes
        self.folder = parent / f"elido-chaos-{os.getpid()}"
        self.folder.mkdir()
        try:
            self.limit(megabytes * MEGABYTE)
        except OSError:
            self.folder.rmdir()
            raise
        # The process enters by itself, before it becomes Elido.
        self.prefix = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.folder / "cgroup.procs")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.rmdir()

    def limit(self, size):
        (self.folder / self.LIMIT).write_text(str(int(size)))

    def used(self):
        return int((self.folder / self.USED).read_text())

    def kills(self):
        """How many processes the kernel has killed in it."""
        counts = dict(line.split() for line in (self.folder / self.KILLS).read_text().splitlines())
        return int(counts["oom_kill"])

    def squeeze(self, process, seconds):
        """Makes it smaller until the kernel kills the process. Whether it did."""
        before, end, neighbour = self.kills(), time.monotonic() + seconds, None
        while process.poll() is None and time.monotonic() < end:
            try:
                self.limit(self.used() * 0.9)
            except OSError:
                # Nothing is left that could be given back, and the process may get by with what it has.
                if neighbour is None or neighbour.poll() is not None:
                    neighbour = subprocess.Popen([*self.prefix, sys.executable, "-c", NEIGHBOUR])
            time.sleep(SQUEEZE_EVERY_S)
        if neighbour:
            neighbour.kill()
            neighbour.wait()
        return process.poll() == -signal.SIGKILL and self.kills() > before

    def widen(self):
        """As large as it was."""
        self.limit(self.megabytes * MEGABYTE)


class FirstGroup(Group):
    """Of the first version of control groups."""

    NAME, LIMIT, USED, KILLS = "cgroup v1", "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control"

    def __init__(self, megabytes):
        super().__init__(ROOT / "memory", megabytes)


class SecondGroup(Group):
    """Of the second version."""

    NAME, LIMIT, USED, KILLS = "cgroup v2", "memory.max", "memory.current", "memory.events"

    def __init__(self, megabytes):
        if "memory" not in (ROOT / "cgroup.controllers").read_text().split():
            raise OSError("no such controller")
        (ROOT / "cgroup.subtree_control").write_text("+memory")
        super().__init__(ROOT, megabytes)


class DataLimit:
    """RLIMIT_DATA. The process is not killed: it cannot get more, and ends by itself."""

    NAME = "RLIMIT_DATA"

    def __init__(self, megabytes):
        self.megabytes = megabytes
        self.prefix = ["prlimit", f"--data={megabytes * MEGABYTE}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def kills(self):
        return 0

    def squeeze(self, process, seconds):
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEGABYTE, MEGABYTE))
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            time.sleep(SQUEEZE_EVERY_S)
        return process.poll() in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV)

    def widen(self):
        pass
