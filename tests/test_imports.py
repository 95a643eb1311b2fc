"""Modules that are used where no network is bring no heavy library along."""

import subprocess
import sys

from datasets import OPTIONS, made

IMPORTED = """
import importlib, sys
modules, heavy = (words.split() for words in sys.argv[1:])
for module in modules:
    importlib.import_module(f"medsmall.{module}")
    brought = {*heavy} & {*sys.modules}
    assert not brought, f"{module} brings {brought}"
"""


def bring_none_of(heavy: str, modules: str) -> None:
    """In one process, one after the other."""
    subprocess.run([sys.executable, "-c", IMPORTED, modules, heavy], check=True)


def test_none_of_these_brings_torch():
    modules = "schema split evaluation.units evaluation.metrics augmentation cache"
    bring_none_of("torch pytorch_lightning timm matplotlib", modules)


def test_the_command_starts_without_what_a_run_needs_later():
    bring_none_of("torch albumentations timm pandas sklearn scipy matplotlib cv2", "train")


def test_a_network_predicts_without_what_trains_it():
    heavy = "pytorch_lightning torchmetrics timm albumentations sklearn matplotlib wandb"
    bring_none_of(heavy, "model inference")


def test_data_sets_bring_nothing_that_takes_a_second():
    """They are imported in commands, and in worker processes."""
    kinds = sorted({type(made(option, "x")).__module__ for option in OPTIONS})
    modules = " ".join(kind.removeprefix("medsmall.") for kind in kinds)
    bring_none_of("torch cv2 medmnist pydicom matplotlib", modules)
