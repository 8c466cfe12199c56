"""A Prometheus of its own: it scrapes, evaluates the rules of the chart and answers queries."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from harness import die, free_ports
from servers import WORK_FOLDER, wait_until

# A scrape that takes longer counts as one of a target that is down.
SCRAPE_INTERVAL_S = 3


class Prometheus:
    """Debian's Prometheus on a folder of its own. `targets` are pairs of a job and an address; `labels` are those that the chart adds."""

    def __init__(self, rules, targets, labels):
        self.folder = Path(tempfile.mkdtemp(prefix="elido-prometheus-", dir=WORK_FOLDER))
        self.port = free_ports(1)[0]
        self.targets = len(targets)
        jobs = [
            {"job_name": job, "metrics_path": path, "static_configs": [{"targets": [address], "labels": labels}]}
            for job, address, path in targets
        ]
        settings = {
            "global": {"scrape_interval": f"{SCRAPE_INTERVAL_S}s", "evaluation_interval": f"{SCRAPE_INTERVAL_S}s"},
            "rule_files": [str(rules)],
            "scrape_configs": jobs,
        }
        # JSON is YAML.
        (self.folder / "prometheus.yml").write_text(json.dumps(settings))
        self.log = open(self.folder / "log", "wb")
        command = ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data"]
        command += [f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def __enter__(self):
        wait_until("readiness of Prometheus", self.is_ready, 60)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_ready(self):
        if self.process.poll() is not None:
            die(f"Prometheus ended: {(self.folder / 'log').read_text()[-1000:]}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2)
            return True
        except OSError:
            return False

    def ask(self, path, **parameters):
        """What the interface for programs answers. An expression that cannot be parsed is a ValueError."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from error

    def query(self, expression):
        """The samples that an expression has now."""
        return self.ask("query", query=expression)["result"]

    def scrapes(self):
        """How often the target was scraped that was scraped least."""
        found = self.query("min(count_over_time(up[1h]))")
        return int(found[0]["value"][1]) if found else 0

    def wait_for_scrapes(self, count):
        """Waits for so many scrapes of each target, all of which are up then: exporters may still be starting."""
        end = time.monotonic() + 120
        while self.scrapes() < count or len(self.query("up == 1")) < self.targets:
            if time.monotonic() > end:
                die(f"Prometheus cannot scrape all targets within 120 s: {self.ask('targets')['activeTargets']}")
            time.sleep(0.1)

    def rules(self):
        """The alerts of the rules, once each of them was evaluated."""
        found = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        end = time.monotonic() + 60
        while any(rule["health"] == "unknown" for rule in found):
            if time.monotonic() > end:
                die("Prometheus did not evaluate the rules within 60 s")
            time.sleep(0.1)
            found = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        return found
