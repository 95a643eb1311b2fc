#!/usr/bin/env bash
# Everything that must hold: environment, lint, types, imports downhill, tests with coverage.
# Arguments go to pytest: `bash scripts/test.sh -m "not slow"`.
set -euo pipefail
. "$(dirname "$0")/environment.sh" dev
ruff format --check .
ruff check .
mypy
lint-imports --no-cache --no-logo
# One file of tests at a time per core, each with one thread: more threads than cores crawl. The
# files with slow tests begin first (tests/conftest.py), so that no core waits for one at the end.
OMP_NUM_THREADS=1 pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
  --no-loadscope-reorder --cov --cov-report=term "$@"
