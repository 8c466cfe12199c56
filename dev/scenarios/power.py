"""A power cut. The process is killed under load, and every file is left as the power might leave it, each on its own: as it was when
it was last synced, as it is, or with some of the pages that were written since. Every answered write is there after the next start, no
click is stored twice, and only clicks of the last moments are gone. PostgreSQL, where it is used, crashes several times before.
"""

import random
import shutil
import time

from account import WELL_WITHIN_S, Account, is_well, until
from faults import Faults, broken_promises, choose_database, each_seed
from harness import say

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "seconds": ("how long it runs before the power is cut", 4.0, 2.0),
}
add_arguments = choose_database
PAGE = 4096
# Clicks so young may be gone: the interval between two syncs of the journal, and the time that a sync takes on a busy machine.
YOUNG_S = 1.5
# It passes in steps, of which a machine that stands still shortens one. The small form runs beside everything else, and takes more of them.
YOUNG_STEP_S = 0.1
YOUNG_STEPS_SHORT = 50
# Each visitor may have been answered once more without having heard it.
VISITORS = 2


def cut_power(folder, shadow, seed):
    """Leaves the data folder as a power cut might. Gives back how many files are no longer what they were."""
    chance, changed = random.Random(seed), 0
    copies = {folder / copy.name.replace("%2F", "/"): copy for copy in shadow.iterdir() if copy.suffix != ".new"}
    files = {path for path in folder.rglob("*") if path.is_file()}
    for path in sorted(files | copies.keys()):
        if path.name.endswith("-shm"):
            # What is mapped and never synced; SQLite makes it anew from the log.
            path.unlink(missing_ok=True)
            continue
        now = path.read_bytes() if path in files else None
        synced = copies[path].read_bytes() if path in copies else None
        left = choose(chance, now, synced)
        if left == now:
            continue
        changed += 1
        if left is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(left)
    return changed


def choose(chance, now, synced):
    """What is left of a file that is `now` and was last synced as `synced`; either may be nothing."""
    if chance.random() < 0.4 or now is None or now == synced:
        return chance.choice((now, synced))
    if chance.random() < 0.5:
        return synced
    before = (synced or b"").ljust(len(now), b"\0")
    pages = range(0, len(now), PAGE)
    return b"".join((now if chance.random() < 0.5 else before)[page : page + PAGE] for page in pages)


def run_until_cut(arguments, elido, account):
    """Lets it run, then kills it. Gives back how many redirects are so old that a power cut may not take them, and how often the database crashed."""
    crashes, end = 0, time.monotonic() + max(0, arguments.seconds - YOUNG_S)
    with account:
        while elido.postgres and time.monotonic() < end:
            elido.postgres.crash()
            crashes += 1
            until(lambda: is_well(elido, account), WELL_WITHIN_S)
        time.sleep(max(0, end - time.monotonic()))
        old = account.redirects
        for _ in range(YOUNG_STEPS_SHORT if arguments.short else round(YOUNG_S / YOUNG_STEP_S)):
            time.sleep(YOUNG_STEP_S)
        elido.process.kill()
        elido.process.wait()
    return old, crashes


def one_run(arguments, elido, built, seed):
    faults = Faults(built, elido, seed, shadow=True)
    elido.start("all")
    account = Account(elido, elido.first_account(), seed)
    account.make_links()
    old, crashes = run_until_cut(arguments, elido, account)
    syncs, elido.environment = faults.syncs, {}
    folder, shadow = elido.folder / "data", elido.folder / "shadow"
    changed = cut_power(folder, shadow, seed)
    shutil.rmtree(shadow)
    figures = {"syncs": syncs, "files_changed": changed, "database_crashes": crashes, "writes": account.writes}
    try:
        elido.start("all")
    except SystemExit as refusal:
        say(f"it does not start again: {refusal}")
        return figures | {"restarts_needed": 1, "lost": len(account.links)}
    answered = account.redirects
    lost, wrong = account.lost(), account.wrong_redirects()
    after = account.redirects - answered
    account.wait_for_stored(old + after)
    stored = account.settle() - after
    return figures | {
        "lost": max(lost, account.lost()), "redirects": answered, "stored": stored, "gone_with_the_power": max(0, answered - stored),
        "unaccounted": max(0, old - stored) + max(0, stored - answered - VISITORS), "stale": account.stale + wrong, "restarts_needed": 0,
    }


def run(arguments):
    figures = each_seed(arguments, "power", one_run)
    return figures, broken_promises(figures)
