#!/bin/sh
# Whether this node can be asked.
export REDISCLI_AUTH="$REDIS_PASSWORD"
if [ "$NODE_COUNT" -gt 1 ]; then
    redis-cli cluster info | grep -q cluster_state:ok
else
    redis-cli ping | grep -q PONG
fi
