"""Damaged files. The process is ended or killed, one bit of one of its files is turned round, or a page is lost or torn, and it is
started again: either it serves what is right, or it refuses and names the file; and what is missing of the clicks is told. The database
files have no checksums of their own: how many values were changed within them and served all the same is counted apart.
"""

import json
import random
import time

from account import Account, Client, until
from faults import Told, broken_promises, choose_database, copy_folder, each_seed
from harness import say

SIZES = {
    "seeds": ("how many different runs", 20, 2),
    "first_seed": ("the first of them", 1, 1),
    "damages": ("how many files are damaged in a run, each in a fresh copy", 8, 3),
    "seconds": ("how long it runs before", 2.0, 1.0),
}
add_arguments = choose_database
PAGE = 512
WITHOUT_CHECKSUMS = ("database", "click_store")
# After a damage that is told, clicks may be missing: then there is nothing more to wait for.
PATIENCE_S = 5
# Where nothing is told, nothing may be missing.
UNTOLD_PATIENCE_S = 90


def damage(path, chance):
    """Turns a bit round, empties or tears a page, or cuts the file off."""
    content = bytearray(path.read_bytes())
    written = len(content.rstrip(b"\0")) or 1
    place = chance.randrange(written)
    start, kind = place - place % PAGE, chance.choice(("bit", "bit", "page", "torn", "end"))
    if kind == "bit":
        content[place] ^= 1 << chance.randrange(8)
    elif kind == "page":
        content[start : start + PAGE] = bytes(len(content[start : start + PAGE]))
    elif kind == "torn":
        half = content[start + PAGE // 2 : start + PAGE]
        content[start + PAGE // 2 : start + PAGE] = chance.randbytes(len(half))
    else:
        del content[place:]
    path.write_bytes(content)
    return kind


def damageable(data):
    """The files whose content counts: no locks, and not the index of SQLite's log, which is made anew."""
    files = (path for path in data.rglob("*") if path.is_file() and not path.name.endswith((".lock", "-shm")))
    return sorted(path for path in files if path.stat().st_size)


def kind_of(path):
    if path.name.startswith("elido.db"):
        return "database"
    if path.name.startswith("clicks.db"):
        return "click_store"
    return "journal" if "journal" in path.parts else "snapshot"


def values(elido, account):
    """Every value of every link that the API tells, but those that clicks change."""
    found = {}
    for link in account.links:
        status, text = Client(elido.api_port).send("GET", f"/v1/workspaces/{account.workspace}/links/{link.id}", token=elido.token)
        fields = json.loads(text) if status == 200 else {}
        found |= {(link.slug, name): json.dumps(value) for name, value in fields.items() if "click" not in name}
    return found


def end(elido):
    elido.process.kill()
    elido.process.wait()


def one_run(arguments, elido, _, seed):
    chance = random.Random(seed)
    elido.start("all")
    account = Account(elido, elido.first_account(), seed)
    account.make_links()
    with account:
        time.sleep(arguments.seconds)
    right = values(elido, account)
    if seed % 2:
        end(elido)
    else:
        elido.stop()
    data, whole = elido.folder / "data", elido.folder / "whole"
    copy_folder(data, whole)
    totals = dict.fromkeys(
        ("damages", "refused", "right", "told", "silently_wrong", "untold", "in_database", "in_database_values", "in_database_clicks", "unaccounted"), 0
    )
    for _ in range(arguments.damages):
        copy_folder(whole, data)
        (elido.folder / "log").write_text("")
        path = chance.choice(damageable(data))
        kind = damage(path, chance)
        totals["damages"] += 1
        outcome = one_damage(elido, account, path, right)
        if any(outcome.get(broken) for broken in ("silently_wrong", "untold", "unaccounted", "in_database")):
            say(f"seed {seed}: {kind} of {path.relative_to(data)}: {outcome}\n{elido.tail()}")
        for key, count in outcome.items():
            totals[key] += count
    return totals | {"writes": account.writes, "redirects": account.redirects}


def one_damage(elido, account, path, right):
    """What a start with this damaged file comes to, as counts for the figures."""
    redirects, told = account.redirects, Told(elido)
    try:
        elido.start("all")
    except SystemExit:
        end(elido)
        log = (elido.folder / "log").read_text(errors="replace")
        return {"refused": 1, "untold": int(path.name not in log and path.name.removesuffix("-wal") not in log)}
    wrong_values = sum(1 for name, value in values(elido, account).items() if right[name] != value)
    lost, wrong = account.lost(), account.wrong_redirects()
    after, account.redirects = account.redirects - redirects, redirects
    kind = kind_of(path)
    is_told = lambda: told.names(kind) or (kind != "database" and told.names("account"))
    is_stored = lambda: (account.stored() or 0) >= redirects + after
    until(is_stored, PATIENCE_S)
    told.ask()
    if kind not in WITHOUT_CHECKSUMS and not is_told():
        until(lambda: is_stored() or is_told(), UNTOLD_PATIENCE_S)
        told.ask()
    stored = account.stored()
    end(elido)
    # Not even the account may be there that asks.
    missing = redirects + after - (stored or 0)
    if not (lost or wrong or wrong_values or missing):
        return {"right": 1}
    if is_told() and missing >= 0:
        return {"told": 1}
    if kind in WITHOUT_CHECKSUMS:
        return {"in_database": 1, "in_database_values": wrong_values, "in_database_clicks": abs(missing)}
    return {"silently_wrong": 1} if lost or wrong or wrong_values else {"unaccounted": abs(missing)}


def run(arguments):
    figures = each_seed(arguments, "bits", one_run)
    return figures, broken_promises(figures)
