"""Start with your own data: ``python -m medsmall.init images.csv`` or ``... path/to/folder``.

Reads a table or class folders, prints what it found and why, writes conf/dataset/<name>.yaml in the
current folder, audits the data and prints the command that trains on them. A second call, after an
edit or with changed data, updates the keys that you did not edit, and shows the changes.
"""

import argparse
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.markup import escape

from medsmall.atomic import write_whole
from medsmall.command import heed_terminal, one_sentence
from medsmall.configs import compose, config_dir, own_config_dir, plain_word
from medsmall.dataset import MODALITIES
from medsmall.dataset.arguments import one_of
from medsmall.dataset.guess.infer import infer, name_of
from medsmall.dataset.guess.said import AS_SAID, NONE, NOTHING, Said
from medsmall.dataset.guess.shown import show
from medsmall.dataset.guess.written import Written
from medsmall.dataset.guess.yaml_text import yaml_of
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.terminal import console, messages, say

EXAMPLES = """\
examples:
  python -m medsmall.init images.csv
  python -m medsmall.init folder_of_class_folders --modality "chest x-ray"
  python -m medsmall.init images.csv --label diagnosis --name clinic"""


def init(path: Path, name: str | None = None, force: bool = False, said: Said = NOTHING) -> Path:
    """Look at the data in `path`, write their YAML and audit them; returns the file written.

    Options in `said` are not guessed. A YAML of an earlier call is updated: keys edited since are
    kept, and changes of other keys are shown.

    Raises MedsmallError if the data cannot be understood, or if another data set of that name
    exists (one of your own is overwritten with `force`).
    """
    chosen = _free_name(path, name)
    file = own_config_dir() / "dataset" / f"{chosen}.yaml"
    before = Written.read(file) if file.exists() and not force else None
    with messages.status(f"Looking at {escape(path.name)}"):
        found = infer(path, chosen, before.said(said) if before else said)
    if said.modality is not None:
        found.set("modality", one_of(said.modality, MODALITIES, "--modality"), AS_SAID)
    if before:
        before.keep(found, said)
    text, changes = before.updated(found, said) if before else (yaml_of(found, chosen), [])
    show(found, chosen)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    _say_written(file, changes if before else None)
    clean = _audit([f"dataset={chosen}"])
    say("Next:" if clean else "Next: look, mend the data, and audit them again:")
    question = "plan -m +experiment=which_pretraining"
    for command in ("explore", *(("train", question) if clean else ("audit",))):
        line = f"python -m medsmall.{command} dataset={chosen}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return file


def _say_written(file: Path, changes: list[str] | None) -> None:
    """Say what was written; `changes` are those of an existing file, None for a new one."""
    if changes is None:
        say(f"Written: {file}; comments there explain every key.")
    elif changes:
        say(f"Updated: {file}; your edits are kept.")
        for change in changes:
            console.print(f"  {change}", markup=False, highlight=False, soft_wrap=True)
    else:
        say(f"Nothing to change in {file}; your edits are kept.")


def _free_name(path: Path, name: str | None) -> str:
    """`name`, or one made from `path`; not one of a data set that comes with medsmall."""
    chosen = name_of(path) if name is None else name
    if not re.fullmatch(r"[A-Za-z_][\w-]{0,99}", chosen, re.ASCII) or not plain_word(chosen):
        if name is not None:
            raise MedsmallError(
                f"--name cannot be {name[:120]!r}: use up to 100 letters, digits, _ and -, but no "
                "YAML value such as null or true."
            )
        chosen = f"own_{chosen[:90]}"
    own = own_config_dir().resolve() != config_dir().resolve()
    shipped = (config_dir() / "dataset" / f"{chosen}.yaml").exists()
    if own and shipped:
        if name is not None:
            raise MedsmallError(f"{name} is a data set of medsmall itself: choose another --name.")
        chosen = f"own_{chosen}"
    return chosen


def _audit(overrides: list[str]) -> bool:
    """Audit the data set just written, as `python -m medsmall.audit` would; whether it is clean."""
    from medsmall.audit.__main__ import audit

    try:
        clean = audit(compose(overrides))
    except MedsmallError as error:  # the YAML stays, to be corrected
        say(f"Note: the audit failed: {error}")
        return False
    if not clean:
        say(
            "Note: the audit found problems. Before you train, correct the data, leave copies out "
            "with audit.drop=[identical_images,near_duplicates], or accept a finding with "
            "audit.allow=[its name]."
        )
    return clean


def _said(given: argparse.Namespace) -> Said:
    columns = {role: getattr(given, role) for role in ("patient", "age", "sex", "split")}
    columns = {role: column for role, column in columns.items() if column is not None}
    pattern = given.id_pattern
    if pattern == NONE and columns.setdefault("patient", NONE) == NONE:
        pattern = None
    merge, typed = given.merge is not False, given.merge is not None
    return Said(given.label, given.task, given.modality, columns, pattern, merge, typed)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m medsmall.init",
        description="Look at your own data, write conf/dataset/<name>.yaml, and audit them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, help="a CSV or Parquet file, or a folder of images")
    parser.add_argument("--name", help="of the data set; by default that of the file or folder")
    parser.add_argument("--label", help="the column to learn, if the guess is wrong")
    for role in ("patient", "age", "sex", "split"):
        told = f"its column, if the guess is wrong; {NONE}: there is none"
        parser.add_argument(f"--{role}", metavar="COLUMN", help=told)
    parser.add_argument(
        "--id-pattern",
        metavar="EXPRESSION",
        help="regular expression whose one group is the patient in a file name: '^(person\\d+)'; "
        f"{NONE}: no patient is known",
    )
    parser.add_argument(
        "--merge",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="spellings that differ by case or blanks alone are one class",
    )
    parser.add_argument("--task", choices=["binary", "multiclass", "regression"])
    parser.add_argument("--modality", help=f"one of {', '.join(MODALITIES)}")
    parser.add_argument(
        "--force",
        action="store_true",
        help="guess all anew, and overwrite the YAML of that name, with your edits",
    )
    parser.add_argument("--version", action="version", version=f"medsmall {version('medsmall')}")
    given = parser.parse_args(arguments)
    quieten()
    with one_sentence():
        heed_terminal()
        init(given.path, given.name, given.force, _said(given))


if __name__ == "__main__":
    main()
