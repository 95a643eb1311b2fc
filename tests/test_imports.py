"""Modules that are used where no network is bring no heavy library along."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["evaluation.metrics", "evaluation.units", "split", "augmentation", "cache", "schema"]
)
def test_none_of_these_brings_torch(module):
    heavy = "{'torch', 'pytorch_lightning', 'timm', 'matplotlib'}"
    code = f"import sys, medsmall.{module}; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
