#!/bin/sh
# Makes .venv with the first Python that is new enough, preferring the one named as an argument.
set -eu

is_new_enough() {
    command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

bring_ensurepip() { # Debian keeps it in a package of its own
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Python lacks ensurepip. Run: sudo apt install $package" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
}

if [ -x .venv/bin/python ] && is_new_enough .venv/bin/python && .venv/bin/python -c 'import pip' 2>/dev/null; then
    exit 0
fi
for python in "$@" python3 python3.14 python3.13 python3.12 python3.11; do
    if is_new_enough "$python"; then
        "$python" -c 'import ensurepip' 2>/dev/null || bring_ensurepip "$python"
        exec "$python" -m venv --clear .venv
    fi
done
echo "FunMagic needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3" >&2
exit 1
