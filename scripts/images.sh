#!/usr/bin/env bash
# The images of an installation, for machines without a way to the world.
#   scripts/images.sh list [HELM ARGUMENTS]           prints them, one a line: those of your own values with -f my-values.yaml
#   scripts/images.sh save FILE [HELM ARGUMENTS]      writes them into one archive, with docker, podman or nerdctl
#   scripts/images.sh push REGISTRY [HELM ARGUMENTS]  copies them into a registry; install with global.imageRegistry=REGISTRY then
# Needs helm; `save` and `push` need one of docker, podman and nerdctl, which has to be signed in to the registry.
set -euo pipefail

CHART=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../charts/elido-mono" && pwd)

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2 && exit 64; }

# Of the rendered chart, so that the list is never another one than what is installed. A go-built Helm takes old versions for granted.
list() {
    helm template elido "$CHART" --kube-version 1.36.0 --set 'ingress.hosts.redirect[0]=r.example.com' \
        --set ingress.hosts.api=api.example.com --set ingress.hosts.dashboard=app.example.com "$@" |
        sed -n 's/^ *\(- \)\{0,1\}image: *"\{0,1\}\([^" ]*\).*/\2/p' | sort -u
}

engine() {
    local name
    for name in docker podman nerdctl; do
        if command -v $name >/dev/null; then
            echo $name
            return
        fi
    done
    echo 'error: install docker, podman or nerdctl' >&2
    exit 1
}

# What an image is called in another registry: the chart says it the same way.
mirrored() { echo "${1%/}/${2#*/}"; }

[ $# -ge 1 ] || usage
COMMAND=$1
shift
case $COMMAND in
list) list "$@" ;;
save)
    [ $# -ge 1 ] || usage
    FILE=$1
    shift
    ENGINE=$(engine)
    FOUND=$(list "$@")
    mapfile -t IMAGES <<<"$FOUND"
    for image in "${IMAGES[@]}"; do $ENGINE pull "$image"; done
    $ENGINE save --output "$FILE" "${IMAGES[@]}"
    ;;
push)
    [ $# -ge 1 ] || usage
    REGISTRY=$1
    shift
    ENGINE=$(engine)
    FOUND=$(list "$@")
    mapfile -t IMAGES <<<"$FOUND"
    for image in "${IMAGES[@]}"; do
        $ENGINE pull "$image"
        $ENGINE tag "$image" "$(mirrored "$REGISTRY" "$image")"
        $ENGINE push "$(mirrored "$REGISTRY" "$image")"
    done
    ;;
*) usage ;;
esac
