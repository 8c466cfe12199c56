"""A wall clock that is set while everything runs: forward and back, by seconds, hours and a day. Edits still arrive within a second,
every answered redirect is stored, and nothing waits for the clock to come back.
"""

import time

from faults import WELL_WITHIN_S, Account, Faults, broken_promises, each_seed, is_well, until

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "turns": ("how often the clock is set in a run", 6, 3),
    "seconds": ("how long it then runs on", 2.0, 1.5),
}
STEPS = (-3600, 5, 86_400, -2, 3600, -86_400, 600, -60)


def one_run(arguments, elido, built, seed):
    faults = Faults(built, elido, seed)
    elido.start("all")
    account = Account(elido, elido.first_account(), seed)
    account.make_links()
    sick = 0
    with account:
        for turn in range(arguments.turns):
            faults.step_clock(STEPS[(seed + turn) % len(STEPS)])
            time.sleep(arguments.seconds)
            sick += not until(lambda: is_well(elido, account), 2)
    restarts = int(not until(lambda: is_well(elido, account), WELL_WITHIN_S))
    dropped = int(elido.metric("elido_journal_drops_total"))
    figures = {
        "steps": arguments.turns, "writes": account.writes, "refused": account.refused, "odd": account.odd, "lost": account.lost(),
        "wrong": account.wrong_redirects(), "sick": sick,
    }
    until(lambda: account.stored() + dropped >= account.redirects, WELL_WITHIN_S)
    stored = account.stored()
    return figures | {
        "redirects": account.redirects, "stored": stored, "dropped": dropped, "unaccounted": abs(account.redirects - stored - dropped),
        "stale": account.stale + figures.pop("wrong"), "restarts_needed": restarts,
    }


def run(arguments):
    figures = each_seed(arguments, "clock", one_run)
    broken = broken_promises(figures)
    if figures["sick"] or figures["refused"] or figures["odd"]:
        broken.append("nothing is refused and no part is away because the clock was set")
    return figures, broken
