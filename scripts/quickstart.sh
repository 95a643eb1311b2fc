#!/usr/bin/env bash
# From nothing to a trained and tested run: installs into .venv, then hernias in generated chest
# films from a CheXpert upstream (itself generated, and trained first) from ImageNet weights.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
python -m medsmall.train +experiment=hernia_chexpert phantom=true backbone=efficientnet_lite0 \
  image_size_px=64 sample_size.n=100 trainer.max_epochs=10 "$@"
echo 'Next: source .venv/bin/activate, then python -m medsmall.train --help (README.md tells the rest).'
