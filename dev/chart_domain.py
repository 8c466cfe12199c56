"""A certificate authority and the DNS that it asks, in the cluster's network, for domains that people bring along."""

import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

# The node, as pods see it. tests/chart/values-acme.yaml has these too.
ADDRESS = "10.99.0.1"
DIRECTORY, ROOTS, DNS, MANAGEMENT = 14000, 15000, 8053, 8055
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """Pebble, and the DNS server that comes with it. Both end with the test."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="elido-authority-"))
        self.processes = []
        self.certify()
        settings = {
            "listenAddress": f"{ADDRESS}:{DIRECTORY}", "managementListenAddress": f"{ADDRESS}:{ROOTS}",
            "certificate": f"{self.folder}/pebble.pem", "privateKey": f"{self.folder}/pebble.key",
            "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "", "externalAccountBindingRequired": False,
        }
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        self.start("pebble-challtestsrv", "-dns01", f"{ADDRESS}:{DNS}", "-management", f"{ADDRESS}:{MANAGEMENT}",
                   "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "", "-defaultIPv6", "")
        self.start("pebble", "-config", f"{self.folder}/pebble.json", "-strict", "-dnsserver", f"{ADDRESS}:{DNS}")

    def start(self, *command):
        with open(self.folder / f"{command[0]}.log", "wb") as log:
            environment = {"PEBBLE_VA_NOSLEEP": "1", "PATH": "/usr/bin:/bin"}
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))

    def certify(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

        (self.folder / "names").write_text(f"subjectAltName=IP:{ADDRESS}\n")
        openssl("req", "-x509", *CURVE, "-keyout", "authority.key", "-out", "authority.pem", "-days", "30", "-subj", "/CN=Authority of the tests")
        openssl("req", *CURVE, "-keyout", "pebble.key", "-out", "pebble.csr", "-subj", "/CN=ACME of the tests")
        openssl("x509", "-req", "-in", "pebble.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-out", "pebble.pem",
                "-days", "30", "-extfile", "names")

    def answer(self, what, **answer):
        """Sets what DNS answers, as the server's own documentation names it."""
        url = f"http://{ADDRESS}:{MANAGEMENT}/{what}"
        for wait in (0.1, 0.5, 1, 2, None):
            try:
                return urllib.request.urlopen(url, json.dumps(answer).encode(), timeout=5).close()
            except OSError:
                if wait is None:
                    raise
                time.sleep(wait)
        return None

    def records(self, records):
        """Sets the records that a domain wants."""
        for record in records:
            host, value = f"{record['name'].rstrip('.')}.", record["value"]
            if record["type"] == "TXT":
                self.answer("set-txt", host=host, value=value)
            elif record["type"] == "CNAME":
                self.answer("set-cname", host=host, target=f"{value.rstrip('.')}.")

    def root(self):
        """A file with the certificate that all of its own lead to."""
        file = self.folder / "root.pem"
        command = ["curl", "--silent", "--fail", "--cacert", f"{self.folder}/authority.pem", f"https://{ADDRESS}:{ROOTS}/roots/0", "--output", file]
        subprocess.run(command, check=True)
        return file

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()
