"""Kills a small sweep at random moments, and starts the same command again.

12 cells with an upstream on two workers. SIGKILL goes to the whole process group. Started again,
the sweep must end with the records of an undisturbed one: the same keys, the same predictions.csv
to the byte, and nothing half made beside them. Exit status 1 where it does not.

    python scripts/kill_sweeps.py [--kills 20] [--seed 0] [--launcher cores]
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

UPSTREAM = "['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40','logger=none']"
SWEEP = [
    "dataset=chestxray14", "dataset.targets=[Hernia]", "dataset.phantom_patients=60",
    "phantom=true", "sample_size=balanced", "sample_size.n=8,10,12", "sample_size.repeat=0,1",
    "strategy=feature_extractor,finetune_all", "pretraining=chexpert",
    f"pretraining.overrides={UPSTREAM}", "backbone=tiny", "image_size_px=48",
    "trainer.max_epochs=4", "augmentation.tta_views=1",
]  # fmt: skip
CELLS = 12


def start(root: Path, launcher: str) -> "subprocess.Popen[bytes]":
    """The sweep into `root`, in a process group of its own."""
    side_by_side = [f"hydra/launcher={launcher}"]
    side_by_side += ["hydra.launcher.n_jobs=2"] if launcher == "cores" else []
    command = [sys.executable, "-m", "medsmall.train", "-m", *SWEEP, *side_by_side]
    with open(root.with_suffix(".log"), "ab") as log:
        command += [f"output_root={root}"]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env=one_thread
        )


def results(root: Path) -> dict[str, bytes]:
    """The predictions of each finished run."""
    done = root.glob("runs/*/DONE")
    return {file.parent.name: (file.parent / "predictions.csv").read_bytes() for file in done}


def leftovers(root: Path) -> list[str]:
    """What no finished run and no cache leaves."""
    runs = [f for f in root.glob("runs/*") if f.is_dir() and not (f / "DONE").is_file()]
    half = [
        f
        for f in root.rglob(".*")
        if f.name.endswith(".holder") or (f.name[1:2].isdigit() and "-" in f.name)
    ]
    return sorted(str(file.relative_to(root)) for file in [*runs, *half])


def killed(root: Path, launcher: str, when: Callable[[Path], bool]) -> int:
    """Kill the sweep into `root` as soon as `when` holds; the number of complete runs by then."""
    sweep = start(root, launcher)
    while sweep.poll() is None and not when(root):
        time.sleep(0.05)
    if sweep.poll() is None:
        os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    return len(results(root))


def moment(rng: random.Random, number: int, seconds: float) -> Callable[[Path], bool]:
    """When to kill: at any time, or, every second time, while the cells run."""
    if number % 2 == 0:
        at = time.monotonic() + rng.uniform(0.05, 0.95) * seconds
        return lambda root: time.monotonic() > at
    enough, later_s, due = rng.randrange(1, CELLS), rng.uniform(0, 2), [float("inf")]

    def when(root: Path) -> bool:
        if len(results(root)) >= enough:
            due[0] = min(due[0], time.monotonic() + later_s)
        return time.monotonic() > due[0]

    return when


def main() -> None:
    """Print what became of each kill."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--launcher", default="cores")
    asked = parser.parse_args()
    rng, wrong = random.Random(asked.seed), 0

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "undisturbed")
        began = time.monotonic()
        if start(root, asked.launcher).wait():
            sys.exit(f"The sweep alone fails: {root.with_suffix('.log').read_text()}")
        seconds = time.monotonic() - began
        expected = results(root)
        if len(expected) != CELLS + 1 or leftovers(root):
            sys.exit(f"{len(expected)} records, left over: {leftovers(root)}")
        for number in range(asked.kills):
            again = Path(folder, f"killed-{number}")
            shutil.copytree(root / "phantoms", again / "phantoms", symlinks=True)
            complete = killed(again, asked.launcher, moment(rng, number, seconds))
            status = start(again, asked.launcher).wait()
            same, left = results(again) == expected, leftovers(again)
            good = status == 0 and same and not left
            wrong += not good
            print(
                f"{'same' if good else 'WRONG':6} SIGKILL with {complete} of {len(expected)} runs "
                f"complete; then exit status {status}"
                f"{'' if same else ', other records'}{f', left over: {left}' if left else ''}",
                flush=True,
            )
            if good:
                shutil.rmtree(again)
    print(f"{asked.kills} kills of a sweep of {seconds:.0f} s: {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
