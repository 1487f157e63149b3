#!/bin/sh
# Installs the servers that tests need from the system's packages, where that is allowed. Their services are neither
# started nor enabled: tests run processes of their own. Whatever happens, tests go on and say what they miss.
missing() {
    echo "redis-server is missing: tests of metrics in Redis will fail. $1" >&2
    exit 0
}
command -v apt-get >/dev/null || missing "Install it with your system's packages."
[ "$(id -u)" = 0 ] || missing "Install it: sudo apt-get install redis-server"

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends redis-server >/dev/null
}

systemd() {
    [ ! -d /run/systemd/system ] || systemctl "$@" redis-server.service
}
systemd mask --runtime
install || { apt-get update -qq && install; }
systemd unmask --runtime
systemd disable
command -v redis-server >/dev/null || missing "apt-get could not install it."
