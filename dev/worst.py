"""What the worst inputs that the API and a visitor's request may hold cost an edge, beyond the same request to a plain link.

Each row sends one kind of request over one connection, many at a time, and takes the processor time of the edge from the kernel.
Then a plain link is visited beside four clients that send the dearest kind, and beside four that send plain requests.
"""

import itertools
import multiprocessing
import socket
import statistics
import time

from harness import Elido, build, die, result, say

BOUND_US = 100
P99_RATIO_MAX = 2.0
HOSTILE_CLIENTS = 4
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
# As many as are on their way at once; their responses fit into the socket's buffers.
PIPELINED = 16


def destination(place):
    return {"type": "destination", "destination_url": f"https://example.com/{place}"}


def rules_of(condition, count):
    return [{"name": str(number), "conditions": [condition(number)], "outcome": destination(number)} for number in range(count)]


def patterns(elido, workspace):
    """As many of the dearest patterns as a link may have, of those that the API takes."""
    candidates = ["(?:a{1,90}){1,9}b", "(?:a|b)*a(?:a|b){9}c", "(a+)+b", "(.*a){8}b", "[^x]*a.{0,6}b", "\\w+\\d+\\w+\\d+b"]
    taken = []
    for pattern in candidates:
        condition = lambda _, pattern=pattern: {"type": "user_agent", "pattern": pattern}
        made = elido.create_links(workspace, [{"destination_url": "https://example.com/", "rules": rules_of(condition, 1)}])
        if "slug" in made[0]:
            taken.append(pattern)
    return [(taken or ["b$"])[number % max(1, len(taken))] for number in range(20)], taken


def all_but_one(fitting, other):
    """Rules of as many conditions as there may be, of which the last alone does not fit, so that every one is asked."""
    conditions = lambda rule: [fitting(20 * rule + number) for number in range(19)] + [other]
    return [{"name": str(rule), "conditions": conditions(rule), "outcome": destination(rule)} for rule in range(50)]


def window(number, windows):
    zones = ["Europe/Berlin", "America/St_Johns", "Asia/Tehran", "Australia/Lord_Howe", "Africa/Casablanca"]
    return {"type": "time_windows", "time_zone": zones[number % 5], "any_of": [
        *({"from": "23:59", "until": "23:58", "last_date": "2020-01-01"} for _ in range(windows)), {}]}


def all_windows():
    """As many conditions on the time as a link may have, with as many windows as all of them may list."""
    rule = lambda number: {"name": str(number), "outcome": destination(number), "conditions": [
        *(window(20 * number + place, 14) for place in range(19)), window(number, 14) | {"negate": True}]}
    return [rule(number) for number in range(10)]


def listed(kind, *values):
    return {"type": kind, "any_of": list(values)}


def drafts(patterns_taken):
    plain = {"destination_url": "https://example.com/catalogue/1"}
    long = "https://example.com/?" + "&".join(f"k{number}=v" for number in range(800))
    values = [f"value-{number}-{'x' * 200}" for number in range(60)]
    return {
        "plain": plain,
        "patterns": plain | {"rules": rules_of(lambda number: {"type": "user_agent", "pattern": patterns_taken[number]}, 20)},
        "merging": {"destination_url": long, "forward_query": "visitor_wins"},
        "merging_link_wins": {"destination_url": long, "forward_query": "link_wins"},
        "forwarding": {"destination_url": "https://example.com/base", "forward_path": True, "forward_query": "visitor_wins"},
        "queries": plain | {"rules": rules_of(lambda number: {"type": "query", "any_of": [f"{value}-{number}=1" for value in values]}, 50)},
        "referrers": plain | {"rules": rules_of(lambda number: {"type": "referrer_hosts", "any_of": [f"a{number}-{place}.example.com" for place in range(60)]}, 50)},
        "languages": plain | {"rules": rules_of(lambda number: {"type": "languages", "any_of": ["fr", "it", "es"]}, 50)},
        "same_query": plain | {"rules": all_but_one(lambda number: listed("query", "a", f"b{number}"), listed("query", "none"))},
        "same_referrer": plain | {"rules": all_but_one(lambda number: listed("referrer_hosts", "example.com", f"b{number}.org"), listed("referrer_hosts", "none.org"))},
        "times": plain | {"rules": all_windows()},
        "agents": plain | {"rules": all_but_one(lambda number: listed("browsers", f"Chrome {number}", "Firefox"), listed("os", "none"))},
    }


def requests(slugs):
    """Name, and what makes the bytes of the next request, each with the most that the edge takes of its kind.

    `slugs` says at which links the kinds of requests are sent."""
    def request(slug, rest="", agent=BROWSER, headers=()):
        lines = [f"GET /{slugs[slug]}{rest} HTTP/1.1", "Host: localhost", f"User-Agent: {agent}", *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def same(*arguments, **named):
        written = request(*arguments, **named)
        return lambda: written

    def of_new_agents(agent):
        numbers = itertools.count()
        return lambda: request("agents", agent=agent(next(numbers)))

    many = "&".join(f"p{number}=1" for number in range(3_000))
    fitting = "&".join(f"p{number}=1" for number in range(120))
    long_names = "&".join(f"{'%61' * 80}{number}={'%62' * 80}" for number in range(60))
    cookies = [f"Cookie: {'c=' + 'x' * 400}" for _ in range(50)]
    return [
        ("plain", same("plain")),
        ("20 patterns, agent of 20 kB", same("patterns", agent="a" * 20_000)),
        ("20 patterns, agent of digits", same("patterns", agent="a1" * 10_000)),
        ("merging, 3,000 parameters", same("merging", f"?{many}")),
        ("merging, 120 parameters", same("merging", f"?{fitting}")),
        ("merging, the link wins", same("merging_link_wins", f"?{fitting}")),
        ("merging, long names", same("merging_link_wins", f"?{long_names[:7_000]}")),
        ("forwarding, path of 8 kB", same("forwarding", "/x" * 3_900)),
        ("forwarding, encoded path", same("forwarding", "/%2e%61" * 1_100)),
        ("forwarding, path of dots", same("forwarding", "/%2e%2e" * 1_100)),
        ("forwarding, 1,000 parameters", same("forwarding", "?" + "&".join("a" for _ in range(1_000)))),
        ("forwarding, unsafe query", same("forwarding", "?" + "{" * 2_600)),
        ("50 rules on the query", same("queries", f"?{many}")),
        ("50 rules on a long query", same("queries", f"?{long_names}")),
        ("1,000 conditions on the query", same("same_query", "?" + "&".join("a=1" for _ in range(3_000)))),
        ("50 rules on the referrer", same("referrers", headers=[f"Referer: https://{'a.' * 100}example.com/"])),
        ("1,000 conditions on the referrer", same("same_referrer", headers=[f"Referer: https://{'a.' * 120}example.com/"])),
        ("50 rules on languages", same("languages", headers=["Accept-Language: " + ",".join(["x-" + "y" * 6] * 3_000)])),
        ("200 conditions on the time", same("times")),
        ("1,000 conditions on the browser", same("agents")),
        ("agents nobody sent before", of_new_agents(lambda number: f"Mozilla/5.0 (Linux; Android 9; a{number} Build) " + "ab" * 500)),
        ("new agents, many words", of_new_agents(lambda number: f"{number} " + "Mozilla/5.0 (compatible; Linux Android Mobile Safari; " * 20)),
        ("new agents, one long word", of_new_agents(lambda number: f"{number}" + "a" * 1_010)),
        ("20 kB of cookies", same("plain", headers=cookies)),
        ("30 kB of Accept", same("plain", headers=["Accept: " + "j" * 30_000])),
        ("30 kB of Purpose", same("plain", headers=["Purpose: " + "p" * 30_000])),
        ("30 kB of addresses", same("plain", headers=["X-Forwarded-For: " + "192.0.2.1," * 3_000])),
        ("30 kB of lines of addresses", same("plain", headers=["X-Forwarded-For: 192.0.2.1"] * 70 + ["X-Forwarded-For: " + "," * 28_000])),
        ("30 kB of a referrer in Latin-1", same("plain", headers=["Referer: " + "\u00e4" * 30_000])),
        (SHORT_MISS, same("none")),
        ("a long path that no link has", same("none", "/x" * 3_900)),
        ("30 kB of punctuation", same("none", "'" * 30_000)),
        ("30 kB of encoded punctuation", same("none", "%5d" * 10_000)),
        ("30 kB of plus signs", same("none", "+" * 30_000)),
    ]


# What is long by itself, whatever it is sent to: it is held against something short in place of the same request to a plain link.
SHORT_MISS = "a short path that no link has"
LONG_BY_ITSELF = {
    "20 kB of cookies": "plain", SHORT_MISS: SHORT_MISS, "a long path that no link has": SHORT_MISS, "30 kB of punctuation": SHORT_MISS,
    "30 kB of encoded punctuation": SHORT_MISS, "30 kB of plus signs": SHORT_MISS,
    "30 kB of Accept": "plain", "30 kB of Purpose": "plain", "30 kB of addresses": "plain", "30 kB of lines of addresses": "plain",
    "30 kB of a referrer in Latin-1": "plain",
}


class Client:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, make, times):
        self.socket.sendall(b"".join(make() for _ in range(times)))
        return [self.response() for _ in range(times)]

    def response(self):
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(self.rest) < length:
            self.more()
        self.rest = self.rest[length:]
        return int(head.split(b" ", 2)[1])

    def more(self):
        piece = self.socket.recv(1 << 20)
        if not piece:
            die("the edge ended a connection that it should have answered")
        self.rest += piece


def cost_us(elido, make, count):
    """Microseconds of the edge's processor time for one such request."""
    client = Client(elido.edge)
    client.send(make, PIPELINED)
    before = elido.cpu_seconds()
    sent = 0
    while sent < count or elido.cpu_seconds() - before < 0.3:
        client.send(make, PIPELINED)
        sent += PIPELINED
    return (elido.cpu_seconds() - before) / sent * 1e6


def send_for_ever(port, make):
    client = Client(port)
    while True:
        client.send(make, 1)


def p99_us(elido, make, beside, count):
    others = [multiprocessing.Process(target=send_for_ever, args=(elido.edge, beside), daemon=True) for _ in range(HOSTILE_CLIENTS)]
    [each.start() for each in others]
    try:
        client, times = Client(elido.edge), []
        client.send(make, PIPELINED)
        for _ in range(count):
            start = time.perf_counter()
            client.send(make, 1)
            times.append((time.perf_counter() - start) * 1e6)
    finally:
        [each.terminate() for each in others]
        [each.join() for each in others]
    return statistics.quantiles(times, n=100)[98]


def run(arguments):
    executable = arguments.executable or build("release")
    with Elido(executable, {"edge.workers": 2, "edge.trusted_proxy_hops": 1}) as elido:
        elido.start("edge,api")
        workspace = elido.first_account()
        chosen, taken = patterns(elido, workspace)
        say(f"patterns that the API takes: {', '.join(taken) or 'none of the dear ones'}")
        made = {name: elido.create_links(workspace, [draft])[0] for name, draft in drafts(chosen).items()}
        for name, link in made.items():
            if "slug" not in link:
                die(f"{name}: {link}")
        slugs = {name: link["slug"] for name, link in made.items()} | {"none": "no-such-link"}
        rows = requests(slugs)
        # The same bytes, but for the slug, at a link of the same length that asks nothing of its visitors.
        same = dict(requests(dict.fromkeys(slugs, slugs["plain"])))
        costs = {name: cost_us(elido, make, arguments.requests) for name, make in rows}
        held_against = lambda name: costs[LONG_BY_ITSELF[name]] if name in LONG_BY_ITSELF else cost_us(elido, same[name], arguments.requests)
        plainly = {name: held_against(name) for name in costs}
        beyond = {name: cost - plainly[name] for name, cost in costs.items()}
        print(f"\n{'':34}{'CPU µs a request':>18}{'held against':>18}{'beyond that':>14}")
        for name, cost in costs.items():
            print(f"{name:34}{cost:18.1f}{plainly[name]:18.1f}{beyond[name]:14.1f}")
        worst = max(beyond, key=beyond.get)
        dearest = max(costs, key=costs.get)
        plain, hostile = rows[0][1], dict(rows)[dearest]
        rounds = [(p99_us(elido, plain, plain, arguments.visits), p99_us(elido, plain, hostile, arguments.visits)) for _ in range(3)]
        ordinary, attacked = (statistics.median(side) for side in zip(*rounds))
        ratio = statistics.median(attacked / ordinary for ordinary, attacked in rounds)
        print(f"\nplain link beside {HOSTILE_CLIENTS} clients: p99 {ordinary:.0f} µs, beside {HOSTILE_CLIENTS} that send «{dearest}»: {attacked:.0f} µs")
    result({
        "bench": "worst", "plain_us": round(costs["plain"], 1), "worst": worst, "dearest": dearest, "dearest_us": round(costs[dearest], 1), "worst_beyond_us": round(beyond[worst], 1),
        "bound_us": BOUND_US, "p99_beside_plain_us": round(ordinary), "p99_beside_hostile_us": round(attacked), "p99_ratio": round(ratio, 2),
    })
    if beyond[worst] > BOUND_US:
        die(f"«{worst}» costs more than {BOUND_US} µs beyond the same request to a plain link")
    if ratio > P99_RATIO_MAX:
        die(f"hostile clients slow others by more than {P99_RATIO_MAX}")
