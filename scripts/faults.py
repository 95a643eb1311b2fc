"""Kills a small training at random moments, and flips random bytes in what one has left.

Each time the same command is started again. It must give the same predictions.csv and
metrics.json to the byte, or refuse with one sentence and exit status 2: a number never changes
silently. Exit status 1 where one did, or where there was a traceback.

    python scripts/faults.py [--kills 20] [--flips 20] [--seed 0]
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

UPSTREAM = "['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40','logger=none']"
COMMAND = [
    "dataset=chestxray14", "dataset.targets=[Hernia]", "dataset.phantom_patients=60",
    "phantom=true", "sample_size=balanced", "sample_size.n=10", "pretraining=chexpert",
    f"pretraining.overrides={UPSTREAM}", "backbone=tiny", "image_size_px=48",
    "trainer.max_epochs=2", "augmentation.tta_views=1",
]  # fmt: skip
RESULTS = ("predictions.csv", "metrics.json")


def start(root: Path) -> int:
    """The command in a process of its own, forked: importing torch again would take seconds."""
    child = os.fork()
    if child:
        return child
    said = os.open(root.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from medsmall.train import main

    sys.argv = ["medsmall.train", *COMMAND, f"output_root={root}"]
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def run(root: Path) -> tuple[int, str]:
    """Exit status of the command, and the line about its record, else the last one."""
    _, status = os.waitpid(start(root), 0)
    lines = root.with_suffix(".log").read_text("utf-8").strip().splitlines()
    about = [line for line in lines if line.startswith("Record: ")] or lines or [""]
    return os.waitstatus_to_exitcode(status), about[-1]


def results(root: Path, key: str) -> dict[str, bytes]:
    """Those of the run `key`."""
    return {name: (root / "runs" / key / name).read_bytes() for name in RESULTS}


def verdict(root: Path, key: str, expected: dict[str, bytes]) -> tuple[str, str]:
    """What became of the command when it was started again, and the sentence of a refusal."""
    status, said = run(root)
    if status == 0:
        return ("same" if results(root, key) == expected else "CHANGED"), ""
    one_sentence = "Traceback" not in root.with_suffix(".log").read_text("utf-8")
    return ("refused" if status == 2 and one_sentence else "BROKEN"), said


def killed(
    root: Path, key: str, expected: dict[str, bytes], after_s: float
) -> tuple[str, str, str]:
    """SIGKILL so many seconds after the start, in an empty folder; what there was by then."""
    shutil.rmtree(root, ignore_errors=True)
    child = start(root)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    records = len(list(root.glob("runs/[!.]*"))) - len(list(root.glob("runs/*/DONE")))
    there = "a record half made" if records else "no record half made"
    return f"SIGKILL after {after_s:.1f} s: {there}", *verdict(root, key, expected)


def flipped(
    root: Path, saved: Path, key: str, expected: dict[str, bytes], rng: random.Random
) -> tuple[str, str, str]:
    """Another byte in a file of the records or the cache; the rest is as it was left.

    The generated images stay where they are: the cache knows them by the time of their last change.

    What was made of it is deleted, so that it is used: all records where it is in the cache, that
    of the command itself where it is in the upstream's.
    """
    for folder in ("runs", "cache"):
        shutil.rmtree(root / folder, ignore_errors=True)
        shutil.copytree(saved / folder, root / folder)
    where = rng.choice(["runs/*/*", "cache/*"])
    file = rng.choice(sorted(f for f in root.glob(where) if f.stat().st_size))
    if file.parent.name != key:
        shutil.rmtree(root / "runs" / ("" if file.parent.name == "cache" else key))
    content = bytearray(file.read_bytes())
    at = rng.randrange(len(content))
    content[at] ^= rng.randrange(1, 256)
    times = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return f"byte {at:,} of {file.relative_to(root)}", *verdict(root, key, expected)


def main() -> None:
    """Print what became of each, and how many of each there were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("kills", 20), ("flips", 20), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)

    import albumentations  # noqa: F401  # what is imported before the fork is imported once
    import pytorch_lightning  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import timm  # noqa: F401
    import torch  # noqa: F401

    import medsmall.learner.network
    import medsmall.train  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        root, saved = Path(folder, "out"), Path(folder, "saved")
        began = time.monotonic()
        status, said = run(root)
        if status:
            sys.exit(f"The command alone fails: {said}")
        seconds = time.monotonic() - began
        key = Path(said.removeprefix("Record: ")).name
        expected = results(root, key)
        shutil.copytree(root, saved)

        found: Counter[str] = Counter()
        for number in range(asked.kills + asked.flips):
            if number < asked.kills:
                elsewhere = root.with_name("killed")
                after_s = rng.uniform(0.02, 0.98) * seconds
                what, how, why = killed(elsewhere, key, expected, after_s)
            else:
                what, how, why = flipped(root, saved, key, expected, rng)
            found[how] += 1
            print(f"{how:8} {what}{f' -> {why}' if why else ''}", flush=True)
    print(f"{asked.kills} kills and {asked.flips} flips: {dict(found)}")
    sys.exit(1 if found["CHANGED"] + found["BROKEN"] else 0)


if __name__ == "__main__":
    main()
