#!/bin/sh
# Brings what the tests need besides Python packages: Chromium, PostgreSQL, an OpenID provider of npm's, and a Redis
# server where the packaged one does not run.
set -eu

oidc_provider=oidc-provider@9.13.3
brought=.data/npm/$oidc_provider
if [ ! -e "$brought" ]; then
    mkdir -p .data/npm
    PATH=$PWD/.venv/bin:$PATH npm install --no-package-lock --no-save --no-audit --no-fund --ignore-scripts \
        --loglevel=error --prefix .data/npm "$oidc_provider" >/dev/null
    touch "$brought"
fi

found() {
    for program; do command -v "$program" >/dev/null && return; done
    return 1
}

# The best Chromium, where it can be installed; elsewhere whichever there is.
chromiums=chromium-headless-shell
installs=
[ "$(id -u)" = 0 ] && found apt-get && installs=yes
[ -n "$installs" ] || chromiums="$chromiums chromium chromium-browser google-chrome"

missing=
# shellcheck disable=SC2086 - a list of names
found $chromiums || missing="$missing chromium-headless-shell"
.venv/bin/python -c 'from funmagic.supervisor.embedded_redis import find_server; find_server()' 2>/dev/null ||
    missing="$missing redis-server"
found initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ -z "$installs" ]; then
    echo "The tests need these programs too:$missing. On Debian, run: sudo apt install$missing" >&2
    exit 1
fi
apt-get update -qq
# shellcheck disable=SC2086 - a list of names
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
