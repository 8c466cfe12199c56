"""Deletes backups that are old enough. The last three of a kind stay, however old, and so do what an incremental one is built on, and the log of
changes from the first copy of files on.

Invariant: wherever it ends, each backup that is whole by its manifest has all that its restore needs. So manifests go before what they stand for,
the youngest first, and the log goes last.
"""

from datetime import timedelta

from . import archive, catalog

ALWAYS_KEPT = 3
# A folder without a manifest may be of a backup that is being made; after so long it is of one that failed.
ABANDONED = timedelta(days=2)


def outdated(backups, bases, now, days):
    """Those of `backups`, oldest first, that may go. `bases` gives the name of the backup that one is built on, or None."""
    kept = [backup for backup in backups if now - backup.at < timedelta(days=days)]
    kept += [backup for backup in backups[-ALWAYS_KEPT:] if backup not in kept]
    needed = {bases[backup.name] for backup in kept}
    return [backup for backup in backups if backup not in kept and backup.name not in needed]


def prune(bucket, days):
    """Deletes what may go; gives back the names of the folders, and how many segments of the log."""
    gone, copies_gone = [], []
    for kind in catalog.KINDS:
        objects = {backup.name: (backup, list(found)) for backup, found in catalog.folders(bucket, kind)}
        whole = catalog.whole(bucket, kind)
        bases = {backup.name: backup.manifest(bucket).get("base") for backup in whole}
        names = {backup.name for backup in whole}
        abandoned = [backup for backup, _ in objects.values() if backup.name not in names and catalog.now() - backup.at > ABANDONED]
        old = outdated(whole, bases, catalog.now(), days)
        if kind == "base":
            copies_gone = [backup.manifest(bucket) for backup in old]
        for backup in old[::-1] + abandoned:
            keys = objects[backup.name][1]
            # In a request of its own, because within one the server chooses the order. What is left then is no backup any more.
            bucket.delete([key for key in keys if key.endswith(catalog.MANIFEST)])
            bucket.delete([key for key in keys if not key.endswith(catalog.MANIFEST)])
            gone.append(backup.folder)
    copies = [backup.manifest(bucket) for backup in catalog.whole(bucket, "base")]
    segments = archive.needless(bucket, copies, copies_gone)
    bucket.delete(segments)
    return gone, len(segments)
