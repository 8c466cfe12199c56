#!/bin/sh
# Brings the nodes of a cluster together. A node that knew others before meets all of them at the addresses that they have now; the first
# one makes the cluster, and only if it knows nobody.
set -eu
export REDISCLI_AUTH="$REDIS_PASSWORD"

address() { getent hosts "redis-$1.redis-pods.$NAMESPACE.svc" | cut -d' ' -f1; }

answers() { [ -n "$1" ] && redis-cli -h "$1" ping | grep -q PONG; }

addresses=''
for node in $(seq 0 $((NODE_COUNT - 1))); do
    until found=$(address "$node") && answers "$found"; do sleep 1; done
    addresses="$addresses $found"
done

known=$(redis-cli cluster info | tr -d '\r' | sed -n 's/^cluster_known_nodes://p')
if [ "$known" -gt 1 ]; then
    for found in $addresses; do redis-cli cluster meet "$found" 6379; done
elif [ "$POD_NAME" = redis-0 ]; then
    nodes=''
    for found in $addresses; do nodes="$nodes $found:6379"; done
    # shellcheck disable=SC2086 # a list of words
    redis-cli --cluster create $nodes --cluster-replicas 1 --cluster-yes
fi
