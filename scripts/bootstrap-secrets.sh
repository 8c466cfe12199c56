#!/usr/bin/env bash
# Makes the namespace of an installation and the Secrets that its chart refers to. What is there stays as it is: run it as often as you like.
#   scripts/bootstrap-secrets.sh NAMESPACE
#   scripts/bootstrap-secrets.sh NAMESPACE --backup-from OTHER   takes keys and the way to the backups of another namespace, for a restore
#   scripts/bootstrap-secrets.sh NAMESPACE --grpc-host HOST      lets edges elsewhere reach the api under this name (at its first run)
#   scripts/bootstrap-secrets.sh NAMESPACE --dry-run             prints all of it as manifests, for a vault or for GitOps, and asks no cluster
#   scripts/bootstrap-secrets.sh NAMESPACE --rotate NAME         replaces postgres, redis, clickhouse, minio, grpc or grafana, and says what to restart
# Needs kubectl and openssl. Passwords are hexadecimal, because they go into addresses.
set -euo pipefail

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2 && exit 64; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

NAMESPACE='' BACKUP_FROM='' GRPC_HOST='' ROTATE='' DRY_RUN=false
while [ $# -gt 0 ]; do
    case $1 in
    --backup-from | --grpc-host | --rotate)
        [ $# -ge 2 ] || usage
        case $1 in
        --backup-from) BACKUP_FROM=$2 ;;
        --grpc-host) GRPC_HOST=$2 ;;
        --rotate) ROTATE=$2 ;;
        esac
        shift
        ;;
    --dry-run) DRY_RUN=true ;;
    -*) usage ;;
    *)
        [ -z "$NAMESPACE" ] || usage
        NAMESPACE=$1
        ;;
    esac
    shift
done
[ -n "$NAMESPACE" ] || usage
for name in "$NAMESPACE" ${BACKUP_FROM:+"$BACKUP_FROM"}; do
    [[ $name =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] || die "'$name' is no name for a namespace: write lower-case letters, digits and -"
done
# It goes into a file of settings of openssl.
[[ $GRPC_HOST =~ ^([a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?)?$ ]] || die "--grpc-host '$GRPC_HOST' is no host name: write one such as grpc.example.com"
command -v openssl >/dev/null || die "install openssl"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# Files with secrets are nobody else's.
umask 077

cluster() { kubectl --namespace "$NAMESPACE" "$@"; }

# Whether a key of a Secret is there: holds SECRET KEY
holds() {
    ! $DRY_RUN || return 1
    local found
    # A cluster that does not answer must not look like one without the key.
    found=$(cluster get secret "$1" --ignore-not-found --output "go-template={{if .data}}{{if index .data \"$2\"}}yes{{end}}{{end}}") ||
        die "the cluster does not say whether there is a Secret $1: nothing was changed"
    [ "$found" = yes ]
}

# The value of a key: value SECRET KEY
value() {
    if [ -s "$WORK/$1/$2" ]; then
        cat "$WORK/$1/$2"
    else
        cluster get secret "$1" --output "go-template={{index .data \"$2\" | base64decode}}"
    fi
}

# Notes a key that is to be written: want SECRET KEY <VALUE
want() {
    mkdir -p "$WORK/$1"
    cat >"$WORK/$1/$2"
}

# Makes a key unless it is there, or noted: make SECRET KEY COMMAND…
make() {
    local secret=$1 key=$2
    shift 2
    [ ! -e "$WORK/$secret/$key" ] || return 0
    holds "$secret" "$key" || "$@" | tr -d '\n' | want "$secret" "$key"
}

random() { openssl rand -hex "${1:-24}"; }

key() { openssl rand -base64 32; }

# A Secret with what is noted, and its labels.
manifest() {
    local secret=$1 file
    printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: %s\n  labels: {app.kubernetes.io/part-of: elido}\ntype: Opaque\ndata:\n' \
        "$secret" "$NAMESPACE"
    for file in "$WORK/$secret"/*; do
        printf '  %s: %s\n' "${file##*/}" "$(openssl base64 -A -in "$file")"
    done
}

# Writes what is noted of a Secret: all of it if there is none, and otherwise the keys that it lacks or that are replaced.
write() {
    local secret=$1 there
    [ -d "$WORK/$secret" ] || return 0
    if $DRY_RUN; then
        echo ---
        manifest "$secret"
        rm -rf "${WORK:?}/$secret"
        return
    fi
    there=$(cluster get secret "$secret" --ignore-not-found --output name) || die "the cluster does not answer: $secret was not written. Run this once more, or what it has changed already is known to nobody"
    if [ -z "$there" ]; then
        manifest "$secret" | cluster create --filename - >/dev/null
        echo "made $secret"
    else
        manifest "$secret" >"$WORK/patch.yaml"
        cluster patch secret "$secret" --patch-file "$WORK/patch.yaml" >/dev/null
        echo "changed $secret: $(cd "$WORK/$secret" && echo *)"
    fi
    rm -rf "${WORK:?}/$secret"
}

namespace() {
    local text there
    text=$(printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n' "$NAMESPACE")
    if $DRY_RUN; then
        printf -- '---\n%s\n' "$text"
        return
    fi
    there=$(kubectl get namespace "$NAMESPACE" --ignore-not-found --output name) || die "the cluster does not say whether there is a namespace $NAMESPACE: nothing was changed"
    [ -z "$there" ] || return 0
    printf '%s\n' "$text" | kubectl create --filename - >/dev/null
    echo "made the namespace $NAMESPACE"
}

# A password that cannot be read ends all of it, as an assignment does and an argument would not: no address may be written without one.
postgres() {
    local name password
    for name in superuser replication app kratos hydra; do make elido-postgres $name random; done
    password=$(value elido-postgres app)
    make elido-postgres url printf 'postgres://elido:%s@postgres:5432/elido' "$password"
    for name in kratos hydra; do
        password=$(value elido-postgres $name)
        make elido-postgres $name-url printf "postgres://$name:%s@postgres:5432/$name?sslmode=disable" "$password"
    done
}

redis() {
    local password
    make elido-redis password random
    password=$(value elido-redis password)
    make elido-redis url printf 'redis://:%s@redis:6379/0' "$password"
    make elido-redis cluster-url printf 'redis-cluster://:%s@redis:6379' "$password"
}

clickhouse() {
    local password
    make elido-clickhouse password random
    password=$(value elido-clickhouse password)
    make elido-clickhouse url printf 'clickhouse://elido:%s@clickhouse:8123/elido' "$password"
}

minio() {
    make elido-minio access-key random 10
    make elido-minio secret-key random
}

# What the backups' programs ask S3 with: those of the release's own MinIO, unless other ones are written here.
backup() {
    make elido-backup endpoint printf 'http://minio.%s.svc:9000' "$NAMESPACE"
    make elido-backup bucket printf elido-backups
    make elido-backup region printf us-east-1
    local name
    for name in access-key secret-key; do make elido-backup $name value elido-minio $name; done
}

keys() {
    make elido-keys sealing-key key
    make elido-keys audit-signing-key key
}

grafana() {
    make elido-grafana admin-user printf admin
    make elido-grafana admin-password random
}

ory() {
    make elido-kratos cookie random
    # Exactly 32 bytes.
    make elido-kratos cipher random 16
    make elido-hydra system random
    make elido-hydra cookie random
}

# A certificate of the authority of this installation: certificate NAME EXTENSIONS
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=elido-$1" \
        -keyout "$WORK/$1.key" -out "$WORK/$1.csr" 2>/dev/null
    openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/ca.crt" -CAkey "$WORK/ca.key" -set_serial "0x$(openssl rand -hex 8)" -days 3650 \
        -extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n%b' "$2") -out "$WORK/$1.crt" 2>/dev/null
}

# Certificates for gRPC between edges and api, on both sides, for ten years, from an authority whose key stays in elido-grpc-ca.
grpc() {
    ! holds elido-grpc server.crt || return 0
    if holds elido-grpc-ca ca.key; then
        value elido-grpc-ca ca.crt >"$WORK/ca.crt"
        value elido-grpc-ca ca.key >"$WORK/ca.key"
    else
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=elido-grpc" \
            -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout "$WORK/ca.key" -out "$WORK/ca.crt" 2>/dev/null
        want elido-grpc-ca ca.crt <"$WORK/ca.crt"
        want elido-grpc-ca ca.key <"$WORK/ca.key"
    fi
    local names='' service suffix
    for service in api-core api-core-pods; do
        for suffix in '' ".$NAMESPACE" ".$NAMESPACE.svc" ".$NAMESPACE.svc.cluster.local"; do names="$names,DNS:$service$suffix"; done
    done
    [ -z "$GRPC_HOST" ] || names="$names,DNS:$GRPC_HOST"
    certificate server "extendedKeyUsage=serverAuth\nsubjectAltName=${names#,}\n"
    certificate client "extendedKeyUsage=clientAuth\n"
    want elido-grpc ca.crt <"$WORK/ca.crt"
    local file
    for file in server.crt server.key client.crt client.key; do want elido-grpc $file <"$WORK/$file"; done
}

# The value of a key in the namespace whose backups are taken. A Service's short name would mean another one here.
foreign() {
    local found
    found=$(NAMESPACE=$BACKUP_FROM value "$1" "$2")
    [ "$found" != http://minio:9000 ] || found=http://minio.$BACKUP_FROM.svc:9000
    printf %s "$found"
}

# Keys without which a restored database cannot be read, and the way to its backups, from another namespace. What is here already has to be the same.
borrow() {
    local key secret name found
    [ "$BACKUP_FROM" != "$NAMESPACE" ] || die "--backup-from names the namespace itself"
    for key in elido-keys/{sealing-key,audit-signing-key} elido-backup/{endpoint,bucket,region,access-key,secret-key}; do
        secret=${key%/*} name=${key#*/}
        NAMESPACE=$BACKUP_FROM holds "$secret" "$name" || die "there is no $name in $secret of $BACKUP_FROM"
        found=$(foreign "$secret" "$name")
        if ! holds "$secret" "$name"; then
            printf %s "$found" | want "$secret" "$name"
        elif [ "$(value "$secret" "$name")" != "$found" ]; then
            die "$secret of $NAMESPACE has another $name than that of $BACKUP_FROM, and nothing was changed. If nothing of $NAMESPACE needs it:
  kubectl -n $NAMESPACE delete secret $secret"
        fi
    done
}

# A statement for the running primary, with passwords that no command line shows.
on_primary() {
    local pod
    pod=$(cluster get pod --selector app.kubernetes.io/component=postgres,elido.app/postgres-role=primary --output 'jsonpath={.items[0].metadata.name}')
    [ -n "$pod" ] || die "no primary of PostgreSQL runs: its passwords cannot be changed now"
    cluster exec --stdin "$pod" --container postgres -- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host /tmp --username postgres >/dev/null
}

rotate_postgres() {
    local name role
    for name in superuser replication app kratos hydra; do random | tr -d '\n' | want elido-postgres $name; done
    printf 'postgres://elido:%s@postgres:5432/elido' "$(value elido-postgres app)" | want elido-postgres url
    for name in kratos hydra; do
        printf "postgres://$name:%s@postgres:5432/$name?sslmode=disable" "$(value elido-postgres $name)" | want elido-postgres $name-url
    done
    {
        echo 'BEGIN;'
        for name in superuser replication app kratos hydra; do
            role=$name
            case $name in superuser) role=postgres ;; replication) role=standby ;; app) role=elido ;; esac
            printf "ALTER ROLE %s PASSWORD '%s';\n" $role "$(value elido-postgres $name)"
        done
        echo 'COMMIT;'
    } | on_primary
    # PostgreSQL last: until then, old pods live on the connections that they have.
    restart 'deployment/api' 'deployment/ingester' 'deployment/workers' 'deployment/kratos' 'deployment/hydra' 'statefulset/postgres'
}

rotate_redis() {
    local password
    password=$(random)
    printf %s "$password" | want elido-redis password
    printf 'redis://:%s@redis:6379/0' "$password" | want elido-redis url
    printf 'redis-cluster://:%s@redis:6379' "$password" | want elido-redis cluster-url
    restart 'statefulset/redis' 'deployment/edge' 'deployment/api' 'deployment/ingester' 'deployment/workers'
}

rotate_clickhouse() {
    local password
    password=$(random)
    printf %s "$password" | want elido-clickhouse password
    printf 'clickhouse://elido:%s@clickhouse:8123/elido' "$password" | want elido-clickhouse url
    restart 'statefulset/clickhouse' 'deployment/api' 'deployment/ingester' 'deployment/workers'
}

rotate_minio() {
    random 10 | tr -d '\n' | want elido-minio access-key
    random | tr -d '\n' | want elido-minio secret-key
    # Keys of another storage stay. Two that cannot be read would look alike.
    local name before backup=''
    before=$(cluster get secret elido-minio --output 'go-template={{index .data "access-key" | base64decode}}')
    if holds elido-backup access-key; then backup=$(value elido-backup access-key); fi
    if [ "$backup" = "$before" ]; then
        for name in access-key secret-key; do want elido-backup $name <"$WORK/elido-minio/$name"; done
    fi
    restart 'statefulset/minio' 'deployment/api' 'deployment/workers' 'statefulset/postgres' 'statefulset/clickhouse' 'deployment/backup-metrics'
}

# The authority stays, so that old and new certificates believe each other while pods are replaced.
rotate_grpc() {
    holds elido-grpc-ca ca.key || die "there is no elido-grpc-ca in $NAMESPACE"
    # shellcheck disable=SC2317 # grpc asks it
    holds() { [ "$1" = elido-grpc-ca ]; }
    grpc
    restart 'deployment/api' 'deployment/edge'
}

rotate_grafana() {
    random | tr -d '\n' | want elido-grafana admin-password
    restart 'deployment/grafana'
}

RESTART=()
restart() { RESTART=("$@"); }

rotate() {
    case $ROTATE in
    postgres | redis | clickhouse | minio | grpc | grafana) ;;
    *) die "$ROTATE cannot be replaced by this script: write postgres, redis, clickhouse, minio, grpc or grafana. The keys of elido-keys seal what is in the database, and stay." ;;
    esac
    $DRY_RUN && die "--rotate changes what runs, and has no --dry-run"
    [ -n "$(cluster get secret "elido-$ROTATE" --ignore-not-found --output name)" ] || die "there is no elido-$ROTATE in $NAMESPACE"
    "rotate_$ROTATE"
    local secret
    for secret in elido-postgres elido-redis elido-clickhouse elido-minio elido-backup elido-grpc elido-grafana; do write $secret; done
    echo "Restart those of these that there are, now, each when the one before is done:"
    local name
    for name in "${RESTART[@]}"; do echo "  kubectl -n $NAMESPACE rollout restart $name && kubectl -n $NAMESPACE rollout status $name"; done
}

if [ -n "$ROTATE" ]; then
    rotate
    exit
fi
$DRY_RUN || command -v kubectl >/dev/null || die "install kubectl"
if $DRY_RUN && [ -n "$BACKUP_FROM" ]; then die "--backup-from asks a cluster, and has no --dry-run"; fi
[ -z "$BACKUP_FROM" ] || borrow
namespace
postgres
redis
clickhouse
minio
backup
keys
grafana
ory
grpc
for secret in elido-postgres elido-redis elido-clickhouse elido-minio elido-backup elido-keys elido-grafana elido-kratos elido-hydra elido-grpc-ca elido-grpc; do
    write $secret
done
$DRY_RUN || echo "The Secrets of $NAMESPACE are there."
