#!/bin/sh
# Installs Node, whose clients some tests use, from the system's packages, where that is allowed.
missing() {
    echo "npm is missing: tests of Node's clients can't be run. $1" >&2
    exit 1
}
command -v apt-get >/dev/null || missing "Install Node 18 or newer with your system's packages."
[ "$(id -u)" = 0 ] || missing "Install it: sudo apt-get install nodejs npm"

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nodejs npm >/dev/null
}
install || { apt-get update -qq && install; } || missing "apt-get could not install it."
