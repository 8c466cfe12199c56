"""Identical requests under one key come to three processes of the API at once, and one of these is killed in the middle, again and again.
Each key makes one link, every request gets the same answer in the end, and no key is stuck for longer than the claim of a process that died.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import edits
from harness import Elido, die, say
from servers import Postgres

SIZES = {
    "kills": ("processes that are killed, one after another", 10, 2),
    "keys": ("keys that are in use at each kill", 20, 5),
    "requests": ("identical requests under each key", 100, 100),
    "seed": ("which process is killed when", 1, 1),
}
PROCESSES = 3
AT_ONCE = 48
# After which another process may take a key over (docs/workspaces.md), and what a busy machine takes besides.
CLAIM_SECONDS = 60
SLACK_SECONDS = 15
# The small form is for executables that were built without optimisation, which run beside everything else.
SLACK_SHORT_SECONDS = 60
PATIENCE_SECONDS = 300
# A process is killed so long after the first requests: before, within or behind the work on most keys.
KILL_AFTER_SECONDS = (0.0, 1.0)


def run(arguments):
    chance = random.Random(arguments.seed)
    with ExitStack() as parts:
        postgres = Postgres()
        parts.callback(postgres.remove)
        url = postgres.new_database("idempotency")
        processes = [parts.enter_context(Elido(arguments.executable, {"database.url": url})) for _ in range(PROCESSES)]
        for process in processes:
            process.start("api")
        path = f"/v1/workspaces/{processes[0].first_account()}/links"
        for process in processes:
            process.token = processes[0].token
        rounds = [run_round(number, processes, path, arguments, chance) for number in range(arguments.kills)]
        links = list(every_link(processes[0], path))
    keys = arguments.kills * arguments.keys
    answers = [len(answers) for each in rounds for answers in each["answers"]]
    seconds = max(each["seconds"] for each in rounds)
    asked_again = sum(each["asked_again"] for each in rounds)
    print(f"\n{keys} keys, {keys * arguments.requests:,} requests, {arguments.kills} kills: {len(links)} links; {asked_again:,} times asked again; the slowest answer took {seconds:.1f} s")
    broken = []
    if len(links) != keys or len(set(links)) != keys:
        broken.append("each key makes one link")
    if any(count != 1 for count in answers):
        broken.append("every request under a key gets the same answer")
    if seconds > CLAIM_SECONDS + (SLACK_SHORT_SECONDS if arguments.short else SLACK_SECONDS):
        broken.append(f"no key is stuck for more than {CLAIM_SECONDS} s")
    figures = {"seed": arguments.seed, "keys": keys, "requests": keys * arguments.requests, "kills": arguments.kills, "links": len(links)}
    return figures | {"asked_again": asked_again, "slowest_answer_seconds": round(seconds, 1)}, broken


def run_round(number, processes, path, arguments, chance):
    """Sends all requests, kills a process in the middle and starts it again; gives back the answers of each key, and how long the slowest took."""
    say(f"{arguments.keys} keys with {arguments.requests} requests each, kill {number + 1} of {arguments.kills}")
    keys = [f"round-{number}-key-{key}" for key in range(arguments.keys)]
    asked_again = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        orders = [(key, index) for key in keys for index in range(arguments.requests)]
        chance.shuffle(orders)
        futures = [(key, pool.submit(ask, processes, index, path, key, asked_again)) for key, index in orders]
        time.sleep(chance.uniform(*KILL_AFTER_SECONDS))
        victim = chance.choice(processes)
        victim.process.kill()
        victim.process.wait()
        victim.start("api")
        answers = [(key, future.result()) for key, future in futures]
    by_key = [{link for other, (link, _) in answers if other == key} for key in keys]
    slowest = max(seconds for _, (_, seconds) in answers)
    return {"answers": by_key, "asked_again": len(asked_again), "seconds": slowest}


def ask(processes, index, path, key, asked_again):
    """One request, to one process after another until one answers; gives back the id of the link and how long it took."""
    begun = time.monotonic()
    body = {"destination_url": f"https://example.com/{key}"}
    while True:
        process = processes[index % len(processes)]
        headers = {"content-type": "application/json", "authorization": f"Bearer {process.token}", "idempotency-key": key}
        try:
            link = edits.request(process, "POST", path, body, headers)["id"]
            return link, time.monotonic() - begun
        except edits.UNANSWERED as error:
            if time.monotonic() - begun > PATIENCE_SECONDS:
                die(f"no answer for {PATIENCE_SECONDS} s: {error}")
        asked_again.append(key)
        index += 1
        time.sleep(0.2)


def every_link(process, path):
    """The destination of each link that there is."""
    cursor = ""
    while True:
        page = process.api("GET", f"{path}?limit=100{cursor}")
        yield from (link["destination_url"] for link in page["data"])
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"
