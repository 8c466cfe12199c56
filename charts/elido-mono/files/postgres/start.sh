#!/bin/sh
# Starts PostgreSQL with Patroni around it.
set -eu
sh /etc/elido/settings.sh &
exec patroni /etc/patroni/config.yml
