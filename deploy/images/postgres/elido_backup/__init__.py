"""Backups of Elido's stores in a bucket, and what comes back from there.

Invariants: a backup has a folder of its own, named by the moment it began, and is never written to again; its manifest comes last, so that a
folder without one is no backup; a restore goes into an empty store or not at all.
"""
