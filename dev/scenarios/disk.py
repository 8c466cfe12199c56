"""A disk that fails. While links are edited and visited, calls on every file of the data folder fail at random with ENOSPC and EIO, or
the folder's file system is really full, in turns with times when all is well. At the end every answered write is there, every answered
redirect is stored or counted as dropped, and the process is well again without a restart.
"""

import random
import subprocess
import time

from account import WELL_WITHIN_S, Account, Client, is_well, until
from faults import KINDS, UNTOLD_MAX, Faults, Told, broken_promises, choose_database, each_seed
from harness import say

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "turns": ("how often the disk fails in a run", 4, 2),
    "seconds": ("how long it fails each time", 1.5, 0.7),
}
DISK_BYTES = 96 * 2**20
add_arguments = choose_database
# So much longer a disk stays full while nothing tells of it: a busy machine takes its time to look.
TELLING_S = 20


class SmallDisk:
    """A file system in memory for the data folder, which can be filled. Only root may mount one; others keep the disk that they have."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "elido-chaos", folder]
        self.is_mounted = subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
        if not self.is_mounted:
            say("a small disk cannot be mounted by this user: none is really full")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self):
        """Takes all the room that is left."""
        with open(self.folder / "ballast", "ab", buffering=0) as ballast:
            for size in (2**20, 4096):
                try:
                    while ballast.write(bytes(size)):
                        pass
                except OSError:
                    pass

    def make_room(self):
        (self.folder / "ballast").unlink()


def must_tell(is_full, faults):
    """Whether `/readyz` has to tell of it. Of calls that fail now and then a probe may meet none."""
    return is_full or faults.one_in == 1


def fail_for_a_while(seconds, faults, disk, is_full, told):
    if not is_full:
        faults.fail(True)
    end = time.monotonic() + seconds
    while time.monotonic() < end or (must_tell(is_full, faults) and not told.parts and time.monotonic() < end + TELLING_S):
        if is_full:
            disk.fill()
        told.ask()
        time.sleep(0.1)
    if is_full:
        disk.make_room()
    faults.fail(False)


def one_run(arguments, elido, built, seed):
    with SmallDisk(elido.folder / "data") as disk:
        return run_on(disk, arguments, elido, built, seed)


def run_on(disk, arguments, elido, built, seed):
    # From calls that nearly always work to a disk that takes nothing at all.
    faults = Faults(built, elido, seed, one_in=(1, 2, 5, 20, 100)[seed % 5])
    elido.start("all")
    account, told, chance, filled = Account(elido, elido.first_account(), seed), Told(elido), random.Random(seed), 0
    account.make_links()
    with account:
        for _ in range(arguments.turns):
            is_full = disk.is_mounted and chance.random() < 0.4
            filled += is_full
            if chance.random() < 0.5:
                account.crowded.set()
            fail_for_a_while(arguments.seconds, faults, disk, is_full, told)
            account.crowded.clear()
            time.sleep(arguments.seconds)
    restarts = 0
    if not until(lambda: elido.process.poll() is None and is_well(elido, account), WELL_WITHIN_S):
        restarts = 1
        say(f"it does not become well again:\n{elido.tail()}\n{Client(elido.internal).send('GET', '/readyz')[1]}")
    dropped = int(elido.metric("elido_journal_drops_total"))
    figures = {
        "calls": faults.calls, "calls_failed": faults.no_space + faults.io_errors, "faults": faults.injected, "kernel_calls_failed": faults.handed_back,
        "times_full": filled, "writes": account.writes, "refused": account.refused, "odd": account.odd,
    }
    untold = [f"{kind} in the log" for kind in KINDS if getattr(faults, kind) > UNTOLD_MAX and not told.logs(kind)]
    if must_tell(filled, faults) and not told.parts:
        untold.append("anything in /readyz")
    if untold:
        say(f"it does not say {untold}")
    lost, wrong = account.lost(), account.wrong_redirects()
    account.wait_for_stored(account.redirects - dropped)
    stored = account.settle()
    return figures | {
        "lost": max(lost, account.lost()), "redirects": account.redirects, "stored": stored, "dropped": dropped,
        "unaccounted": abs(account.redirects - stored - dropped), "stale": account.stale + wrong, "restarts_needed": restarts,
        "untold": len(untold),
    }


def run(arguments):
    figures = each_seed(arguments, "disk", one_run)
    return figures, broken_promises(figures)
