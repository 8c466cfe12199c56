#!/bin/sh
# How Patroni begins with the backup of another release, in place of initdb: with the last copy of files before the moment that is asked for.
# PostgreSQL fetches the rest from the archive itself, by restore_command. Patroni gives --scope=… and --datadir=….
#   BACKUP_ENDPOINT, BACKUP_BUCKET   where the backups are, with the keys that boto3 reads
#   RESTORE_TARGET_TIME              the moment, or latest for the last one that was archived
set -eu

for argument in "$@"; do
    case $argument in
    --datadir=*) exec elido-backup restore-base "$argument" --target-time "${RESTORE_TARGET_TIME:-latest}" ;;
    esac
done
echo 'error: Patroni gave no --datadir' >&2
exit 1
