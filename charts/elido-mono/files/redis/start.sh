#!/bin/sh
# Starts one node. It keeps nothing of the data on disk, only who belongs to the cluster: what edges share can be read anew.
set -eu
# shellcheck disable=SC2086 # a list of addresses
set -- --bind $LISTEN --port 6379 --dir /data --save '' --appendonly no \
    --requirepass "$REDIS_PASSWORD" --masterauth "$REDIS_PASSWORD" \
    --maxmemory "$MAX_MEMORY" --maxmemory-policy allkeys-lru
if [ "$NODE_COUNT" -gt 1 ]; then
    set -- "$@" --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 5000 \
        --cluster-announce-ip "$POD_IP" --cluster-announce-hostname "$POD_NAME.redis-pods.$NAMESPACE.svc" \
        --cluster-preferred-endpoint-type ip --cluster-require-full-coverage no --cluster-allow-reads-when-down yes
    # As long as this node runs: the others may still wait for a machine, or for their image.
    (until timeout 600 sh /etc/elido/join.sh; do sleep 1; done >/tmp/join.log 2>&1) &
fi
exec redis-server "$@"
