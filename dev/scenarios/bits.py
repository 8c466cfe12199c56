"""Damaged files. The process is ended or killed, one bit of one of its files is turned round, or a page is lost, and it is started again:
either it serves what is right, or it refuses and names the file; and what is missing of the clicks is told. The database files have
no checksums of their own; what is changed within a value of theirs is counted apart.
"""

import random

from faults import WELL_WITHIN_S, Account, broken_promises, copy_folder, each_seed, until

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "damages": ("how many files are damaged in a run, each in a fresh copy", 8, 3),
    "seconds": ("how long it runs before", 2.0, 1.0),
}
PAGE = 512


def damage(path, chance):
    """Turns a bit round, empties a page, or cuts the file off."""
    content = bytearray(path.read_bytes())
    written = len(content.rstrip(b"\0")) or 1
    place = chance.randrange(written)
    kind = chance.choice(("bit", "bit", "page", "end"))
    if kind == "bit":
        content[place] ^= 1 << chance.randrange(8)
    elif kind == "page":
        start = place - place % PAGE
        content[start : start + PAGE] = bytes(len(content[start : start + PAGE]))
    else:
        del content[place:]
    path.write_bytes(content)
    return kind


def one_run(arguments, elido, _, seed):
    chance = random.Random(seed)
    elido.start("all")
    account = Account(elido, elido.first_account(), seed)
    account.make_links()
    with account:
        until(lambda: account.stopping.wait(arguments.seconds), 0)
    if seed % 2:
        elido.process.kill()
        elido.process.wait()
    else:
        elido.stop()
    data, whole = elido.folder / "data", elido.folder / "whole"
    copy_folder(data, whole)
    totals = {"damages": 0, "refused": 0, "right": 0, "told": 0, "silently_wrong": 0, "untold": 0, "in_database": 0, "unaccounted": 0, "writes": account.writes}
    for _ in range(arguments.damages):
        copy_folder(whole, data)
        (elido.folder / "log").write_text("")
        files = sorted(path for path in data.rglob("*") if path.is_file() and path.stat().st_size and not path.name.endswith((".lock", "-shm")))
        path = chance.choice(files)
        damage(path, chance)
        totals["damages"] += 1
        for key, count in one_damage(elido, account, path).items():
            totals[key] += count
    return totals


def one_damage(elido, account, path):
    redirects = account.redirects
    try:
        elido.start("all")
    except SystemExit:
        elido.process.kill()
        elido.process.wait()
        log = (elido.folder / "log").read_text(errors="replace")
        return {"refused": 1, "untold": int(path.name not in log and path.name.removesuffix("-wal") not in log)}
    lost, wrong = account.lost(), account.wrong_redirects()
    after, account.redirects = account.redirects - redirects, redirects
    until(lambda: account.stored() >= redirects + after, WELL_WITHIN_S if not (lost or wrong) else 2) if is_click_file(path) else None
    stored = account.stored() - after
    missing = redirects - stored
    log = (elido.folder / "log").read_text(errors="replace")
    told = "WARN" in log or "ERROR" in log or elido.metric("elido_journal_corrupt_bytes_total") > 0
    elido.process.kill()
    elido.process.wait()
    if path.suffix != ".segment" and ".db" in path.name and (lost or wrong or missing) and not told:
        return {"in_database": 1}
    if lost or wrong:
        return {"told": 1} if told else {"silently_wrong": 1}
    if missing:
        return {"told": 1} if told and missing > 0 else {"unaccounted": abs(missing)}
    return {"right": 1}


def is_click_file(path):
    return "journal" in path.parts or path.name.startswith("clicks")


def run(arguments):
    figures = each_seed(arguments, "bits", one_run)
    return figures, broken_promises(figures)
