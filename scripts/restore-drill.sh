#!/usr/bin/env bash
# Tries whether the backups of an installation can be restored: into a namespace of its own, which is deleted again.
#   scripts/restore-drill.sh [--from NAMESPACE] [--values FILE]... [--keep] [DATE]
#     DATE                 the day of the backup, such as 2026-05-31 (UTC); the last one without it
#     --from NAMESPACE     where the installation is (default elido); the drill is in NAMESPACE-restore
#     --values FILE        values of the installation, as for helm; those of its release without it
#     --keep               leaves the restored system where it is, to look at
# A namespace that is there already is taken as it is, and stays: make it and the Secrets of external.* in it where your servers are not the
# chart's own, so that the drill does not meet those that serve.
# It sends no mail, takes no jobs and orders no certificates. Ends with a RESULT line, and with 1 where something was not restored.
# Needs kubectl, helm, and about 1.2 GB of memory in the cluster.
set -euo pipefail

HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
CHART=$HERE/../charts/elido-mono
SOURCE=elido
VALUES=()
KEEP=false
DATE=''
# How long fetching and restoring may take.
LONGEST=4h

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --from) SOURCE=${2:?--from needs a namespace}; shift ;;
    --values) VALUES+=(--values "${2:?--values needs a file}"); shift ;;
    --keep) KEEP=true ;;
    -*) sed -n '2,11s/^# \{0,1\}//p' "$0" && exit 64 ;;
    *)
        [ -z "$DATE" ] || die "two dates, $DATE and $1: a drill restores one backup"
        DATE=$1
        ;;
    esac
    shift
done
# With -restore behind it, that of the drill is one too.
[[ $SOURCE =~ ^[a-z0-9]([-a-z0-9]{0,53}[a-z0-9])?$ ]] || die "--from '$SOURCE' is no name of a namespace of at most 55 lower-case letters, digits and -"
[ -z "$DATE" ] || [[ $DATE =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || die "the date has to look like 2026-05-31, not $DATE"
for tool in kubectl helm; do
    command -v "$tool" >/dev/null || die "$tool is not installed"
done

TARGET=$SOURCE-restore
PREPARED=false
FOUND=$(kubectl get namespace "$TARGET" --ignore-not-found -o name) || die "the cluster does not say whether there is a namespace $TARGET"
if [ -n "$FOUND" ]; then
    PREPARED=true
    # What is removed in the end has to be what this drill has installed.
    RELEASES=$(helm --namespace "$TARGET" list --all --short) || die "Helm does not say what is installed in $TARGET"
    [ -z "$RELEASES" ] || die "in $TARGET there is a release already: another drill, or one that was kept. Remove it: helm -n $TARGET uninstall $RELEASES"
    [ -z "$(kubectl --namespace "$TARGET" get persistentvolumeclaims -l app.kubernetes.io/name=elido -o name)" ] ||
        die "$TARGET holds what an earlier drill has restored: helm -n $TARGET uninstall elido, then scripts/purge.sh $TARGET --yes-delete-all-data"
fi

FILE=$(mktemp)
remove() {
    rm -f "$FILE"
    if $KEEP; then return; fi
    if $PREPARED; then
        helm --namespace "$TARGET" uninstall elido --ignore-not-found --wait >&2
        kubectl --namespace "$TARGET" delete persistentvolumeclaims,configmaps -l app.kubernetes.io/name=elido >&2
    else
        kubectl delete namespace "$TARGET" --ignore-not-found --wait=false >&2
    fi
}
trap remove EXIT

if [ ${#VALUES[@]} = 0 ]; then
    RELEASE=$(helm --namespace "$SOURCE" list --short)
    [ -n "$RELEASE" ] || die "there is no release in $SOURCE: name its values with --values FILE"
    helm --namespace "$SOURCE" get values "${RELEASE%%$'\n'*}" --output yaml >"$FILE"
    VALUES=(--values "$FILE")
fi

START=$SECONDS
"$HERE/bootstrap-secrets.sh" "$TARGET" --backup-from "$SOURCE" >&2
helm --namespace "$TARGET" install elido "$CHART" "${VALUES[@]}" --set restore.fromBackup=true --set restore.quiet=true \
    --set-string "restore.backupDate=$DATE" --set "restore.sourceNamespace=$SOURCE" >&2

# The Job that ends last: it compares, reads the audit trail and follows links.
JOB=$(kubectl --namespace "$TARGET" get jobs -l app.kubernetes.io/component=restore -o name | grep restore-verify)
JOBS=$(kubectl --namespace "$TARGET" get jobs -l app.kubernetes.io/component=restore -o name)
ended() { kubectl --namespace "$TARGET" get "$1" -o "jsonpath={.status.conditions[?(@.type=='$2')].status}"; }
END=$((SECONDS + ${LONGEST%h} * 3600))
until [ "$(ended "$JOB" Complete)" = True ]; do
    for each in $JOBS; do
        if [ "$(ended "$each" Failed)" = True ]; then
            kubectl --namespace "$TARGET" logs "$each" --all-containers --tail=30 >&2
            die "$each failed"
        fi
    done
    [ $SECONDS -lt $END ] || die "the restore did not end within $LONGEST"
    sleep 2
done

# Of all of its pods: one that failed before may be the first.
FIGURES=$(kubectl --namespace "$TARGET" logs --selector "batch.kubernetes.io/job-name=${JOB#*/}" --container verify --tail=-1 | sed -n 's/^RESULT {//p' | tail -n1)
[ -n "$FIGURES" ] || die "$JOB has told no figures"
printf 'RESULT {"namespace": "%s", "drill_seconds": %d, "audit_ok": true, %s\n' "$TARGET" $((SECONDS - START)) "$FIGURES"
