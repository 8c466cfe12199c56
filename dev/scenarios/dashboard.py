"""Somebody writes in the dashboard while things go wrong between the page and its server. In a real browser: streams of events are cut again
and again, the process is killed and started again, hangs, loses its database (PostgreSQL, paused), and comes back as another version. No
letter that was typed may be lost, nobody may be signed out, the page says what is the matter, and goes on by itself.
"""

import os
import subprocess
import time

from harness import ROOT

SIZES = {
    "cuts": ("streams that are cut while somebody writes", 50, 4),
    "seconds": ("how long the server, and then the database, is away", 60, 4),
}


def run(arguments):
    settings = {
        "ELIDO_EXECUTABLE": str(arguments.executable),
        "DASHBOARD_CUTS": str(arguments.cuts),
        "DASHBOARD_AWAY_SECONDS": str(arguments.seconds),
    }
    if not arguments.short:
        settings["DASHBOARD_DATABASE"] = "postgres"
    begun = time.monotonic()
    ended = subprocess.run([ROOT / "dev/web", "trouble"], env=os.environ | settings)
    figures = {"cuts": arguments.cuts, "away_seconds": arguments.seconds, "took_seconds": round(time.monotonic() - begun)}
    return figures, ["nothing that was typed is lost, and the page goes on by itself"] if ended.returncode else []
