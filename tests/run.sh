#!/bin/sh
# Runs all tests in parts, says what each does, and at the end how long each took; the first that fails ends it.
set -eu

python=.venv/bin/python
took=
part() {
    what=$1
    shift
    printf '\n%s …\n' "$what"
    began=$(date +%s)
    "$@"
    took="$took$(printf '%5d s  %s' $(($(date +%s) - began)) "$what")
"
}

in_parallel="$python -m pytest -q -n auto --dist worksteal"
# shellcheck disable=SC2086,SC2046 - lists of words
{
    part 'Everything but browsers, on SQLite' $in_parallel --ignore=tests/browser --ignore=tests/chaos
    part 'What a database could make a difference to, on PostgreSQL' $in_parallel --database=postgresql \
        -m both_databases $(grep -rl --include='test_*.py' mark.both_databases tests)
    part 'Journeys in Chromium' $python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder tests/browser
    part 'Runs under kill -9, the short form' $python -m pytest -q tests/chaos
}
printf '\nAll tests pass:\n%s' "$took"
