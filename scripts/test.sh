#!/usr/bin/env bash
# Everything that must hold: environment, lint, types, tests with coverage.
# Arguments go to pytest: `bash scripts/test.sh -m "not slow"`.
set -euo pipefail
. "$(dirname "$0")/environment.sh" dev
ruff format --check .
ruff check .
mypy
pytest --cov --cov-report=term "$@"
