"""What the worst inputs that the API and a visitor's request may hold cost an edge, beyond a plain redirect.

Each row sends one kind of request over one connection, many at a time, and takes the processor time of the edge from the kernel.
Then a plain link is visited beside four clients that send the dearest kind, and beside four that send plain requests.
"""

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
    }


def requests(slugs):
    """Name, link, and the bytes of one request, each with the most that the edge takes of its kind."""
    def request(slug, rest="", agent=BROWSER, headers=()):
        lines = [f"GET /{slug}{rest} HTTP/1.1", "Host: localhost", f"User-Agent: {agent}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    many = "&".join(f"p{number}=1" for number in range(3_000))
    fitting = "&".join(f"p{number}=1" for number in range(120))
    deep = "/x" * 4_000
    cookies = [f"Cookie: {'c=' + 'x' * 400}" for _ in range(50)]
    return [
        ("plain", request(slugs["plain"])),
        ("20 patterns, agent of 20 kB", request(slugs["patterns"], agent="a" * 20_000)),
        ("20 patterns, agent of digits", request(slugs["patterns"], agent="a1" * 10_000)),
        ("merging, 3,000 parameters", request(slugs["merging"], f"?{many}")),
        ("merging, 120 parameters", request(slugs["merging"], f"?{fitting}")),
        ("merging, the link wins", request(slugs["merging_link_wins"], f"?{fitting}")),
        ("forwarding, path of 8 kB", request(slugs["forwarding"], deep)),
        ("forwarding, encoded path", request(slugs["forwarding"], "/%2e%61" * 600)),
        ("forwarding, 1,000 parameters", request(slugs["forwarding"], "?" + "&".join("a" for _ in range(1_000)))),
        ("50 rules on the query", request(slugs["queries"], f"?{many}")),
        ("50 rules on the referrer", request(slugs["referrers"], headers=[f"Referer: https://{'a.' * 100}example.com/"])),
        ("50 rules on languages", request(slugs["languages"], headers=["Accept-Language: " + ",".join(["x-" + "y" * 6] * 1_000)])),
        ("20 kB of cookies", request(slugs["plain"], headers=cookies)),
        ("missing, deep", request("nothing", deep)),
    ]


class Client:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, request, times):
        self.socket.sendall(request * times)
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


def cost_us(elido, request, count):
    """Microseconds of the edge's processor time for one such request."""
    client = Client(elido.edge)
    client.send(request, PIPELINED)
    before = elido.cpu_seconds()
    sent = 0
    while sent < count or elido.cpu_seconds() - before < 0.3:
        client.send(request, PIPELINED)
        sent += PIPELINED
    return (elido.cpu_seconds() - before) / sent * 1e6


def send_for_ever(port, request):
    client = Client(port)
    while True:
        client.send(request, 1)


def p99_us(elido, request, beside, count):
    others = [multiprocessing.Process(target=send_for_ever, args=(elido.edge, beside), daemon=True) for _ in range(HOSTILE_CLIENTS)]
    [each.start() for each in others]
    try:
        client, times = Client(elido.edge), []
        client.send(request, PIPELINED)
        for _ in range(count):
            start = time.perf_counter()
            client.send(request, 1)
            times.append((time.perf_counter() - start) * 1e6)
    finally:
        [each.terminate() for each in others]
        [each.join() for each in others]
    return statistics.quantiles(times, n=100)[98]


def run(arguments):
    executable = arguments.executable or build("release")
    with Elido(executable, {"edge.workers": 2}) as elido:
        elido.start("edge,api")
        workspace = elido.first_account()
        chosen, taken = patterns(elido, workspace)
        say(f"patterns that the API takes: {', '.join(taken) or 'none of the dear ones'}")
        made = {name: elido.create_links(workspace, [draft])[0] for name, draft in drafts(chosen).items()}
        for name, link in made.items():
            if "slug" not in link:
                die(f"{name}: {link}")
        rows = requests({name: link["slug"] for name, link in made.items()})
        costs = {name: cost_us(elido, request, arguments.requests) for name, request in rows}
        beyond = {name: cost - costs["plain"] for name, cost in costs.items()}
        print(f"\n{'':34}{'CPU µs a request':>18}{'beyond a plain one':>20}")
        for name, cost in costs.items():
            print(f"{name:34}{cost:18.1f}{beyond[name]:20.1f}")
        worst = max(beyond, key=beyond.get)
        plain, hostile = rows[0][1], dict(rows)[worst]
        rounds = [(p99_us(elido, plain, plain, arguments.visits), p99_us(elido, plain, hostile, arguments.visits)) for _ in range(3)]
        ordinary, attacked = (statistics.median(side) for side in zip(*rounds))
        ratio = statistics.median(attacked / ordinary for ordinary, attacked in rounds)
        print(f"\nplain link beside {HOSTILE_CLIENTS} clients: p99 {ordinary:.0f} µs, beside {HOSTILE_CLIENTS} that send «{worst}»: {attacked:.0f} µs")
    result({
        "bench": "worst", "plain_us": round(costs["plain"], 1), "worst": worst, "worst_beyond_us": round(beyond[worst], 1),
        "bound_us": BOUND_US, "p99_beside_plain_us": round(ordinary), "p99_beside_hostile_us": round(attacked), "p99_ratio": round(ratio, 2),
    })
    if beyond[worst] > BOUND_US:
        die(f"«{worst}» costs more than {BOUND_US} µs beyond a plain redirect")
    if ratio > P99_RATIO_MAX:
        die(f"hostile clients slow others by more than {P99_RATIO_MAX}")
