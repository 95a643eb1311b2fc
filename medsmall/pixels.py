"""The pixels of a draw: their hash for the key, and their loaders after the leakage gate."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from omegaconf import DictConfig

from medsmall.audit.findings import audit_folder
from medsmall.audit.gate import gate
from medsmall.batches.drawn import DrawnImages
from medsmall.cache import prepare
from medsmall.configs.machine import cores
from medsmall.record.key import spread

if TYPE_CHECKING:
    from medsmall.case import Case
    from medsmall.dataset import Dataset


def identify_pixels(
    cfg: DictConfig, dataset: "Dataset", draw: pd.DataFrame, decode: bool = True
) -> tuple[str, int]:
    """The hash of the pixels that the key holds, and the channels of the images.

    Images missing in the cache are decoded; without `decode` that raises NotPreparedError.
    """
    images, side, cache = spread(draw["image"]), cfg.image_size_px, Path(cfg.cache_root)
    sample = prepare(dataset, images, side, cache, resize=cfg.resize, decode=decode)
    return hashlib.sha256(sample.digests.tobytes()).hexdigest(), sample.channels


def open_images(case: "Case") -> tuple[DrawnImages, list[str]]:
    """The images of the draw after the leakage gate, and notices of what audit.allow accepted."""
    cfg, dataset, draw, source = case.cfg, case.dataset, case.draw, case.source
    images = list(draw["image"].unique())
    side, cache = cfg.image_size_px, Path(cfg.cache_root)
    prepared = prepare(dataset, images, side, cache, resize=cfg.resize)
    prepared.check()
    allow = [*cfg.audit.allow, *(["upstream_overlap"] if source.allow_test_overlap else [])]
    audits = audit_folder(cfg.output_root, dataset.name, cfg.phantom)
    remedy = " ".join(f"{group}={cfg.choices[group]}" for group in ("dataset", "split"))
    remedy += f" image_size_px={side} resize={cfg.resize}{' phantom=true' if cfg.phantom else ''}"
    allowed = gate(dataset.name, draw, prepared, source.seen(), allow, remedy, audits)
    names, size = dataset.targets, cfg.batch_size
    data = DrawnImages(draw, prepared, names, case.augmentation, size, workers(cfg), case.shown())
    return data, allowed


def workers(cfg: DictConfig) -> int:
    """The number of processes that augment: on a CPU they would compete with the network."""
    if cfg.num_workers is not None:
        return cfg.num_workers
    return 0 if cfg.trainer.accelerator == "cpu" else min(8, cores())
