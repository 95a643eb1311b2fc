"""Decode and resize a data set once, ahead of its runs: ``python -m medsmall.prepare dataset=...``.

Runs do it themselves for the images they draw; this command does it for all images.
"""

import time
from pathlib import Path

from omegaconf import DictConfig

from medsmall.command import as_command
from medsmall.schema import check


def work(cfg: DictConfig) -> None:
    """Prepare every existing image of the data set; prints the place and the time."""
    check(cfg)

    from medsmall.cache import prepare
    from medsmall.dataset.opening import open_table
    from medsmall.terminal import console

    dataset, table = open_table(cfg)
    started = time.monotonic()
    images, side, cache = list(table["image"]), cfg.image_size_px, Path(cfg.cache_root)
    prepared = prepare(dataset, images, side, cache, resize=cfg.resize)
    console.print(
        f"{len(prepared):,} images of {dataset.name} at {cfg.image_size_px} px, "
        f"{'grey' if prepared.channels == 1 else 'colour'}, ready in "
        f"{time.monotonic() - started:,.1f} s: {prepared.file}",
        soft_wrap=True, highlight=False, markup=False,
    )  # fmt: skip


EXAMPLES = """\
python -m medsmall.prepare dataset=chestxray14
python -m medsmall.prepare dataset=pneumoniamnist phantom=true image_size_px=64"""

main = as_command(work, str(__doc__), EXAMPLES)

if __name__ == "__main__":
    main()
