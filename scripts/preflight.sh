#!/usr/bin/env bash
# Looks whether a cluster is ready for an installation, before anything is installed. Each line says what to do.
#   scripts/preflight.sh NAMESPACE [HOST…]    the hosts are looked up: those of redirects, the API and the dashboard
# Ends with 1 if something has to be done. Needs kubectl and helm.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2 && exit 64; }
NAMESPACE=$1
shift
for name in "$NAMESPACE" "$@"; do
    [[ $name =~ ^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$ ]] || {
        printf "error: '%s' is no name: first comes the namespace, then hosts such as r.example.com\n" "$name" >&2
        exit 64
    }
done
# What values-selfhost.yaml asks for, in MiB, with room for a backup.
MEMORY_NEEDED=5400
FAILED=0

good() { printf 'ok    %s\n' "$*"; }

note() { printf 'note  %s\n' "$*"; }

bad() {
    printf 'BAD   %s\n' "$*"
    FAILED=1
}

# Whether a version is new enough: at_least WANTED FOUND
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]; }

helm_version() {
    local found
    found=$(helm version --template '{{.Version}}' 2>/dev/null | sed 's/^v//; s/+.*//') || true
    [ -n "$found" ] || found=none
    if at_least 3.14 "$found"; then good "Helm $found"; else bad "Helm is $found: install 3.14 or newer, https://helm.sh/docs/intro/install"; fi
}

kubernetes_version() {
    local found
    if ! found=$(kubectl version --output json 2>/dev/null | sed -n '/serverVersion/,/}/s/.*"gitVersion": "v\([^"]*\)".*/\1/p') || [ -z "$found" ]; then
        bad "kubectl reaches no cluster: set KUBECONFIG"
        exit 1
    fi
    if at_least 1.30 "$found"; then good "Kubernetes $found"; else bad "Kubernetes is $found: the chart needs 1.30 or newer"; fi
}

storage() {
    local found
    found=$(kubectl get storageclasses --output 'jsonpath={range .items[?(@.metadata.annotations.storageclass\.kubernetes\.io/is-default-class=="true")]}{.metadata.name}{" "}{end}')
    if [ -n "$found" ]; then
        good "claims go to the storage class $found"
    else
        bad "no storage class is the default: mark one, or set …storage.className and edge.journal.className"
    fi
}

# One quantity of memory in MiB.
mebibytes() {
    case $1 in
    *Ki) echo $((${1%Ki} / 1024)) ;;
    *Mi) echo "${1%Mi}" ;;
    *Gi) echo $((${1%Gi} * 1024)) ;;
    *) echo $(($1 / 1048576)) ;;
    esac
}

memory() {
    local quantity sum=0 nodes=0
    for quantity in $(kubectl get nodes --output 'jsonpath={range .items[?(!@.spec.unschedulable)]}{.status.allocatable.memory}{"\n"}{end}'); do
        sum=$((sum + $(mebibytes "$quantity")))
        nodes=$((nodes + 1))
    done
    if [ $sum -ge $MEMORY_NEEDED ]; then
        good "$sum MiB of memory on $nodes nodes"
    else
        bad "$sum MiB of memory on $nodes nodes: values-selfhost.yaml asks for up to $MEMORY_NEEDED"
    fi
    [ $nodes -ge 3 ] || note "fewer than three nodes take pods: values-ha.yaml would put several members of a store on one"
}

secrets() {
    local name missing=''
    for name in elido-postgres elido-redis elido-clickhouse elido-minio elido-keys elido-grpc elido-backup; do
        [ -n "$(kubectl --namespace "$NAMESPACE" get secret $name --ignore-not-found --output name 2>/dev/null)" ] || missing="$missing $name"
    done
    if [ -z "$missing" ]; then good "the Secrets are there"; else bad "these Secrets are missing:$missing. Run scripts/bootstrap-secrets.sh $NAMESPACE, or name others in secrets.existing and external"; fi
}

ingress() {
    local policy
    if ! kubectl api-resources --api-group traefik.io --output name 2>/dev/null | grep -q .; then
        good "no Traefik: Caddy's own Service is a LoadBalancer"
        return
    fi
    policy=$(kubectl --namespace kube-system get service traefik --ignore-not-found --output 'jsonpath={.spec.externalTrafficPolicy}')
    case $policy in
    Local) good "Traefik passes the addresses of visitors on" ;;
    '') note "the API of Traefik is there, and no Service traefik in kube-system: look that its own has externalTrafficPolicy: Local" ;;
    *) bad "Traefik's Service has externalTrafficPolicy: $policy, so that every visitor has the address of a node: set Local (the notes of the release show how), or start k3s with --disable traefik" ;;
    esac
}

metrics() {
    if kubectl get --raw /apis/metrics.k8s.io/v1beta1 >/dev/null 2>&1; then
        good "metrics-server is there"
    else
        note "no metrics-server: leave edge.autoscaling and api.autoscaling off"
    fi
    if kubectl api-resources --api-group monitoring.coreos.com --output name 2>/dev/null | grep -q servicemonitors; then
        note "a Prometheus operator is there: it can watch the release, and monitoring.prometheus.install can be false"
    fi
}

hosts() {
    local host addresses
    for host in "$@"; do
        addresses=$(getent ahosts "$host" | awk '{print $1}' | sort -u | tr '\n' ' ') || true
        if [ -n "$addresses" ]; then good "$host leads to $addresses"; else bad "$host leads nowhere: make a DNS record for it"; fi
    done
}

helm_version
kubernetes_version
storage
memory
secrets
ingress
metrics
hosts "$@"
exit $FAILED
