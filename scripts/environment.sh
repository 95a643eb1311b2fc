# Sourced by the other scripts: an up-to-date virtual environment in .venv, made or mended if need
# be. Usage: . scripts/environment.sh [extra]
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extra=${1:+[$1]}
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "medsmall needs Python 3.11 or newer; name one with PYTHON=..., e.g. PYTHON=python3.12." >&2
  exit 2
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
ready=.venv/.ready${1:+-$1}
if [ ! "$ready" -nt pyproject.toml ]; then
  echo "Installing into .venv (PyTorch is large: a few minutes on a slow line) ..."
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".$extra"
  touch "$ready"
fi
export PATH="$PWD/.venv/bin:$PATH"
