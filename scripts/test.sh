#!/usr/bin/env bash
# Everything that must hold: environment, lint, types, imports downhill, tests with coverage.
# Arguments go to pytest: `bash scripts/test.sh -m "not slow"`.
set -euo pipefail
. "$(dirname "$0")/environment.sh" dev
ruff format --check .
ruff check .
mypy
lint-imports --no-cache --no-logo
unset PYTHONDONTWRITEBYTECODE  # else each process compiles the package and the tests anew
# As many processes as cores, each with one thread: more threads than cores crawl. The files with
# slow tests begin first (tests/conftest.py), and a process that has done its part takes of another's.
least=97  # per cent of the lines, of all tests together
[ $# -eq 0 ] || least=0
OMP_NUM_THREADS=1 python -m slipcover --source medsmall --skip-covered --fail-under $least \
  -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal "$@"
