"""A disk that fails at random calls. While links are edited and visited, calls on every file of the data folder fail with ENOSPC and
EIO, in turns with times when all is well. At the end every answered write is there, every answered redirect is stored or counted as
dropped, and the process is well again without a restart.
"""

import time

from harness import say
from faults import WELL_WITHIN_S, Account, Client, Faults, broken_promises, each_seed, is_well, until

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "turns": ("how often the disk fails in a run", 4, 2),
    "seconds": ("how long it fails each time", 1.5, 0.7),
}


def one_run(arguments, elido, built, seed):
    # From calls that nearly always work to a disk that takes nothing at all.
    faults = Faults(built, elido, seed, one_in=(1, 2, 5, 20, 100)[seed % 5])
    elido.start("all")
    account = Account(elido, elido.first_account(), seed)
    account.make_links()
    told = False
    with account:
        for _ in range(arguments.turns):
            faults.fail(True)
            end = time.monotonic() + arguments.seconds
            while time.monotonic() < end:
                told |= '"degraded"' in (text := Client(elido.internal).send("GET", "/readyz")[1]) or '"down"' in text
                time.sleep(0.1)
            faults.fail(False)
            time.sleep(arguments.seconds)
    restarts = 0
    if not until(lambda: elido.process.poll() is None and is_well(elido, account), WELL_WITHIN_S):
        restarts = 1
        say(f"it does not become well again:\n{elido.tail()}\n{Client(elido.internal).send('GET', '/readyz')[1]}")
    dropped = int(elido.metric("elido_journal_drops_total"))
    figures = {
        "calls": faults.calls, "faults": faults.injected, "writes": account.writes, "refused": account.refused, "odd": account.odd,
        "lost": account.lost(), "wrong": account.wrong_redirects(),
    }
    until(lambda: account.stored() + dropped >= account.redirects, WELL_WITHIN_S)
    stored = account.stored()
    log = (elido.folder / "log").read_text(errors="replace")
    was_noticed = told and ("ERROR" in log or "WARN" in log)
    return figures | {
        "redirects": account.redirects, "stored": stored, "dropped": dropped, "unaccounted": abs(account.redirects - stored - dropped),
        "stale": account.stale + figures.pop("wrong"), "restarts_needed": restarts, "untold": int(faults.injected > 100 and not was_noticed),
    }


def run(arguments):
    figures = each_seed(arguments, "disk", one_run)
    return figures, broken_promises(figures)
