#!/bin/sh
# Patroni takes the settings of the whole cluster from its file once, when it makes the cluster. Those that change with ha.enabled are told
# again at every start: as soon as there is a cluster, for an hour at most.
set -eu

tries=0
until patronictl --config-file /etc/patroni/config.yml edit-config --force --quiet --set "synchronous_mode=$SYNCHRONOUS_MODE" 2>/tmp/settings.log; do
    tries=$((tries + 1))
    if [ $tries -ge 720 ]; then
        cat /tmp/settings.log >&2
        exit 1
    fi
    sleep 5
done
