#!/bin/sh
# How Patroni begins with the backup of another release, in place of initdb: it fetches the last base backup before the moment that is asked
# for. PostgreSQL fetches the rest of the log itself, by restore_command. Patroni gives --scope=… and --datadir=….
#   BACKUP_ENDPOINT, BACKUP_BUCKET   where the backups are, with the keys that boto3 reads
#   RESTORE_TARGET_TIME              the moment; empty means the last one that was archived
set -eu

for argument in "$@"; do
    case $argument in
    --datadir=*) folder=${argument#--datadir=} ;;
    esac
done

set -- --endpoint-url "$BACKUP_ENDPOINT"
[ -z "${RESTORE_TARGET_TIME:-}" ] || set -- "$@" --target-time "$RESTORE_TARGET_TIME"
barman-cloud-restore "$@" "s3://$BACKUP_BUCKET/wal" elido auto "$folder"
chmod 700 "$folder"
