#!/bin/sh
# Prints the interpreter to use, or says in one line why there is none.
#
#   find_python.sh            the first of python3.13, python3.12, python3.11, python3 that will do
#   find_python.sh 3.12       one of exactly this version, on PATH or under ~/.pyenv
#   PYTHON=x find_python.sh   x, if it will do
set -u

newer_than_ours='import sys; sys.exit(sys.version_info < (3, 11))'
# Some systems ship ensurepip apart from the interpreter: `venv` alone would import and then fail.
can_make_a_venv='import venv, ensurepip'

wanted=${1:-}
if [ -n "$wanted" ]; then
    newer_than_ours="import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '$wanted'.split('.'))))"
    candidates="python$wanted"
    for found in "${HOME:-}"/.pyenv/versions/"$wanted".*/bin/python; do
        if [ -x "$found" ]; then candidates="$candidates $found"; fi
    done
else
    candidates=${PYTHON:-python3.13 python3.12 python3.11 python3}
fi

without_venv=
for candidate in $candidates; do
    # Run, not only looked up: a shim on PATH may stand for a version that is not there.
    "$candidate" -c "$newer_than_ours" >/dev/null 2>&1 || continue
    if "$candidate" -c "$can_make_a_venv" >/dev/null 2>&1; then
        # The interpreter itself, for a shim may choose another one in another folder.
        exec "$candidate" -c 'import sys; print(sys.executable)'
    fi
    without_venv=${without_venv:-$candidate}
done

if [ -n "$without_venv" ]; then
    echo "error: $without_venv has no venv module: install it (Debian, Ubuntu: python3-venv), or set PYTHON=" >&2
elif [ -n "$wanted" ]; then
    echo "no Python $wanted found" >&2
else
    echo "error: no Python >= 3.11 found (tried: $candidates): install one, or set PYTHON=/path/to/python" >&2
fi
exit 1
