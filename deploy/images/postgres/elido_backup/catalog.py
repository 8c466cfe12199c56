"""Which backups there are: a folder for each, named KIND/MOMENT, with manifest.json in it."""

import re
from datetime import UTC, datetime

from .failure import Failure

MANIFEST = "manifest.json"
MOMENT = "%Y-%m-%dT%H-%M-%SZ"
KINDS = ("postgres", "base", "clickhouse", "restore_drill")


class Backup:
    """One whole backup. `folder` ends with a slash."""

    def __init__(self, kind, name):
        self.kind, self.name = kind, name
        self.folder = f"{kind}/{name}/"
        self.at = datetime.strptime(name, MOMENT).replace(tzinfo=UTC)

    def manifest(self, bucket):
        return bucket.read(self.folder + MANIFEST)


def now():
    return datetime.now(UTC)


def new(kind):
    """A place for a backup that begins now."""
    return Backup(kind, now().strftime(MOMENT))


def folders(bucket, kind):
    """Every folder of a kind with the objects in it, oldest first, also those that became no backup."""
    found = {}
    for key, size in bucket.list(f"{kind}/"):
        name = key.split("/")[1]
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ", name):
            found.setdefault(name, {})[key] = size
    return [(Backup(kind, name), found[name]) for name in sorted(found)]


def whole(bucket, kind):
    """The backups of a kind, oldest first."""
    return [backup for backup, objects in folders(bucket, kind) if backup.folder + MANIFEST in objects]


def find(bucket, kind, date):
    """The last backup of a date (YYYY-MM-DD, UTC), or of all where no date is given."""
    backups = whole(bucket, kind)
    matching = [backup for backup in backups if backup.name.startswith(date or "")]
    if matching:
        return matching[-1]
    there = ", ".join(sorted({backup.name[:10] for backup in backups})) or "none at all"
    raise Failure(f"there is no backup of {kind} of {date or 'any day'} in s3://{bucket.name}; there is {there}")
