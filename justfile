# Daily work. Every recipe is a script or a command that works without just too.

# What there is
default:
    @just --list

# Build everything and serve it on this machine
run *options:
    dev/run {{options}}

# Everything that must pass before a change lands
test:
    dev/test

# The quick part of it: format, lints, rules, tests on the embedded stores
check:
    dev/test --quick

# Format the code
format:
    cargo fmt

# Measure redirects beside nginx
bench *options:
    dev/bench redirect {{options}}

# Real URLs, real user agents, and every click accounted for
demo *options:
    dev/demo {{options}}

# Break things around a cluster and see whether the promises hold
chaos scenario *options:
    dev/chaos {{scenario}} {{options}}

# Build the container image and try it
image:
    dev/image
