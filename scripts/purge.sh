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

cluster() { kubectl --namespace "$NAMESPACE" "$@"; }

if [ -n "$(cluster get deployments,statefulsets --selector app.kubernetes.io/name=elido --output name)" ]; then
    echo "error: the release still runs in $NAMESPACE: helm -n $NAMESPACE uninstall elido" >&2
    exit 1
fi
cluster get persistentvolumeclaims,secrets,configmaps --selector 'app.kubernetes.io/name=elido' --output name
cluster get secrets --selector 'app.kubernetes.io/part-of=elido' --output name
read -r -p "All of these, and the data in them, are lost for ever. Write $NAMESPACE to go on: " ANSWER
[ "$ANSWER" = "$NAMESPACE" ] || {
    echo 'nothing was deleted' >&2
    exit 1
}
cluster delete persistentvolumeclaims,configmaps --selector app.kubernetes.io/name=elido
cluster delete secrets --selector app.kubernetes.io/part-of=elido
