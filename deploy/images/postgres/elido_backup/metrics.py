"""Tells Prometheus how old the last backups are and how large. It reads the bucket alone, and never writes."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import catalog
from .failure import Failure

PORT = 9640
# How often the bucket is looked at.
EVERY_S = 60
HEAD = """# HELP elido_backup_age_seconds How long ago the last whole backup of a kind was begun; +Inf where there is none.
# TYPE elido_backup_age_seconds gauge
{ages}
# HELP elido_backup_bytes What the last whole backup of a kind takes in the bucket.
# TYPE elido_backup_bytes gauge
{sizes}
# HELP elido_backup_bucket_up 1 where the bucket could be read at the last look.
# TYPE elido_backup_bucket_up gauge
elido_backup_bucket_up {up}
"""


class Catalog:
    """What the last look at the bucket found."""

    def __init__(self, bucket, kinds):
        self.bucket, self.kinds = bucket, kinds
        # Until the first look succeeds there is no backup, as far as anybody knows.
        self.last, self.up = dict.fromkeys(kinds), False

    def look(self):
        try:
            self.last = {kind: self.newest(kind) for kind in self.kinds}
            self.up = True
        except Failure as failure:
            self.up = False
            print(failure, flush=True)

    def newest(self, kind):
        """When the last backup of a kind was begun, and its bytes."""
        whole = [(backup, found) for backup, found in catalog.folders(self.bucket, kind) if backup.folder + catalog.MANIFEST in found]
        return (whole[-1][0].at, sum(whole[-1][1].values())) if whole else None

    def text(self):
        ages, sizes = [], []
        for kind, found in self.last.items():
            age = f"{(catalog.now() - found[0]).total_seconds():.0f}" if found else "+Inf"
            ages.append(f'elido_backup_age_seconds{{kind="{kind}"}} {age}')
            sizes.append(f'elido_backup_bytes{{kind="{kind}"}} {found[1] if found else 0}')
        return HEAD.format(ages="\n".join(ages), sizes="\n".join(sizes), up=int(self.up))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, port):
        # :: is every address of both kinds.
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Handler)


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def log_message(self, *_):
        pass

    def do_GET(self):
        known = self.path == "/metrics"
        body = self.server.catalog.text().encode() if known else b"there is only /metrics\n"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(bucket, kinds, address, port):
    """Serves until the process is told to end."""
    found = Catalog(bucket, kinds)
    found.look()
    server = Server(address, port)
    server.catalog = found
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        threading.Event().wait(EVERY_S)
        found.look()
