#!/usr/bin/env bash
# Deletes all data of an installation that is uninstalled: claims, Secrets, what PostgreSQL keeps about itself. Backups elsewhere stay.
#   scripts/purge.sh NAMESPACE --yes-delete-all-data
# Asks for the name of the namespace once more. Needs kubectl.
set -euo pipefail

if [ $# != 2 ] || [ "$2" != --yes-delete-all-data ]; then
    sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
    exit 64
fi
NAMESPACE=$1

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# An empty one would mean the namespace that kubectl takes by itself.
[[ $NAMESPACE =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] || die "'$NAMESPACE' is no name of a namespace: write lower-case letters, digits and -"

cluster() { kubectl --namespace "$NAMESPACE" "$@"; }

RUNNING=$(cluster get deployments,statefulsets --selector app.kubernetes.io/name=elido --output name) || die "the cluster does not say whether a release runs in $NAMESPACE: nothing was deleted"
[ -z "$RUNNING" ] || die "the release still runs in $NAMESPACE: helm -n $NAMESPACE uninstall elido"
cluster get persistentvolumeclaims,secrets,configmaps --selector 'app.kubernetes.io/name=elido' --output name
cluster get secrets --selector 'app.kubernetes.io/part-of=elido' --output name
read -r -p "All of these, and the data in them, are lost for ever. Write $NAMESPACE to go on: " ANSWER
[ "$ANSWER" = "$NAMESPACE" ] || die "'$ANSWER' is not $NAMESPACE: nothing was deleted"
cluster delete persistentvolumeclaims,configmaps --selector app.kubernetes.io/name=elido
cluster delete secrets --selector app.kubernetes.io/part-of=elido
