"""A wall clock that is set while everything runs: forward and back, by seconds, hours and a day. Edits still arrive within a second,
every answered redirect is stored, and nothing waits for the clock to come back.
"""

import random
import time

from account import WELL_WITHIN_S, Account, is_well, until
from faults import Faults, broken_promises, choose_database, each_seed

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "turns": ("how often the clock is set in a run", 6, 3),
    "seconds": ("how long it then runs on", 2.0, 1.5),
}
add_arguments = choose_database
STEPS_S = (2, 5, 60, 600, 3600, 86_400)


def one_run(arguments, elido, built, seed):
    faults = Faults(built, elido, seed)
    elido.start("all")
    account = Account(elido, elido.first_account(), seed, asks_again=arguments.short)
    account.make_links()
    sick, chance = 0, random.Random(seed)
    with account:
        for _ in range(arguments.turns):
            faults.step_clock(chance.choice((-1, 1)) * chance.choice(STEPS_S) * chance.uniform(0.5, 1))
            time.sleep(arguments.seconds)
            sick += not until(lambda: is_well(elido, account), 20)
    restarts = int(not until(lambda: is_well(elido, account), WELL_WITHIN_S))
    dropped = int(elido.metric("elido_journal_drops_total"))
    figures = {
        "steps": arguments.turns, "writes": account.writes, "refused": account.refused, "odd": account.odd, "sick": sick,
    }
    lost, wrong = account.lost(), account.wrong_redirects()
    account.wait_for_stored(account.redirects - dropped)
    stored = account.settle()
    return figures | {
        "lost": max(lost, account.lost()), "redirects": account.redirects, "stored": stored, "dropped": dropped,
        "unaccounted": abs(account.redirects - stored - dropped), "stale": account.stale + wrong, "restarts_needed": restarts,
    }


def run(arguments):
    figures = each_seed(arguments, "clock", one_run)
    broken = broken_promises(figures)
    if figures["sick"] or figures["refused"] or figures["odd"]:
        broken.append("nothing is refused and no part is unavailable because the clock was set")
    return figures, broken
