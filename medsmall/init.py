"""Start with your own data: ``python -m medsmall.init images.csv`` or ``... path/to/folder``.

Looks at a table or at class folders, says what it found and why, writes conf/dataset/<name>.yaml
below the current folder, audits the data and prints the command that trains on them.
"""

import argparse
import json
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.markup import escape
from rich.table import Table as Lines

from medsmall.atomic import write_whole
from medsmall.command import heed_terminal, one_sentence
from medsmall.configs import compose, config_dir, literal, own_config_dir, plain_word
from medsmall.dataset import MODALITIES
from medsmall.dataset.arguments import one_of
from medsmall.dataset.guess.infer import infer, name_of
from medsmall.dataset.guess.inferred import Inferred
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.task import Task
from medsmall.terminal import console, messages, say

EXAMPLES = """\
examples:
  python -m medsmall.init images.csv
  python -m medsmall.init folder_of_class_folders --modality "chest x-ray"
  python -m medsmall.init images.csv --label diagnosis --name clinic"""
NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")  # written as escapes
SKEWED = 0.25  # share of the rarest class below which the loss is weighted


def init(
    path: Path,
    name: str | None = None,
    force: bool = False,
    label: str | None = None,
    task: str | None = None,
    modality: str | None = None,
) -> Path:
    """Look at the data in `path`, write their YAML and audit them; returns the file written.

    `label` (a column), `task` and `modality` are guessed, or left at other, unless given.

    Raises MedsmallError where the data cannot be understood, or where a data set of that name is
    there already (one of your own is overwritten with `force`).
    """
    chosen = _free_name(path, name)
    file = own_config_dir() / "dataset" / f"{chosen}.yaml"
    if file.exists() and not force:
        raise MedsmallError(
            f"{file} is there already: add --force to overwrite it, or another --name."
        )
    with messages.status(f"Looking at {escape(path.name)}"):
        found = infer(path, chosen, label, task)
    if modality is not None:
        found.set("modality", one_of(modality, MODALITIES, "--modality"), "as you said")
    _show(found, chosen)
    text = yaml_of(found, chosen)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    say(f"Written: {file}; every key has its comment there.")
    _audit([f"dataset={chosen}"])
    say("Next:")
    for command in (f"python -m medsmall.explore dataset={chosen}", next_command(found, chosen)):
        console.print(command, markup=False, highlight=False, soft_wrap=True)
    return file


def yaml_of(found: Inferred, name: str) -> str:
    """The YAML of the data set: the shipped one of its kind, with the keys found."""
    shipped = config_dir() / "dataset" / f"{found.kind.name}.yaml"
    lines = [
        f"# {name}: your own data, as `python -m medsmall.init` found them; correct what is wrong.",
        f"# When to use: python -m medsmall.train dataset={name}, in the folder that holds conf/.",
        "# Source: yours. Licence: yours.",
    ]
    for line in shipped.read_text(encoding="utf-8").splitlines():
        key = re.match(r"(\w+): .*?(  # .*)", line)
        if key and key[1] in found.settings:
            value = json.dumps(literal(found.settings[key[1]]), ensure_ascii=False)
            value = NO_YAML.sub(lambda character: f"\\u{ord(character[0]):04x}", value)
            line = f"{key[1]}: {value}{key[2]}"
        if not line.startswith("#"):
            lines.append(line)
    return "\n".join(lines) + "\n"


def next_command(found: Inferred, name: str) -> str:
    """The training that suits the data; the rest is chosen by itself, see `medsmall.auto`."""
    command = f"python -m medsmall.train dataset={name}"
    if found.data.task is Task.REGRESSION:
        return command
    shares = found.rows[found.data.targets].mean().tolist()
    if found.data.task is Task.MULTICLASS:
        loss, skewed = "cross_entropy", min(shares) < SKEWED * max(shares)
    else:
        loss, skewed = "bce", any(min(share, 1 - share) < SKEWED for share in shares)
    return f"{command} loss={loss}_weighted" if skewed else command


def _free_name(path: Path, name: str | None) -> str:
    """`name`, or one made from `path`; not one of a data set that comes with medsmall."""
    chosen = name_of(path) if name is None else name
    if not re.fullmatch(r"[A-Za-z_][\w-]{0,99}", chosen, re.ASCII) or not plain_word(chosen):
        if name is not None:
            raise MedsmallError(
                f"--name cannot be {name[:120]!r}: use up to 100 letters, digits, _ and -, and no "
                "word that stands for a value, such as null or true."
            )
        chosen = f"own_{chosen[:90]}"
    own = own_config_dir().resolve() != config_dir().resolve()
    shipped = (config_dir() / "dataset" / f"{chosen}.yaml").exists()
    if own and shipped:
        if name is not None:
            raise MedsmallError(f"{name} is a data set of medsmall's own: choose another --name.")
        chosen = f"own_{chosen}"
    return chosen


def _show(found: Inferred, name: str) -> None:
    data, table = found.data, found.rows
    lines = Lines(title=f"{name}: {len(table):,} images", title_justify="left")
    for heading in ("setting", "value", "why"):
        lines.add_column(heading, overflow="fold")
    for key, reason in found.reasons.items():
        value = found.settings[key]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        lines.add_row(key, shown, reason, style=None)
    lines.add_section()
    for target in data.targets:
        known = table[target].dropna()
        if data.task is Task.REGRESSION:
            told = f"{known.min():g} to {known.max():g}, mean {known.mean():.3g}"
        else:
            told = f"{int((known == 1).sum()):,} of {len(known):,}"
        blank = len(table) - len(known)
        lines.add_row(target, told, f"{blank:,} unknown" if blank else "")
    console.print(lines, markup=False)
    for warning in found.warnings:
        say(f"Mind: {warning}")
    if "modality" not in found.settings:
        say(
            "Mind: modality is 'other', so augmentations that are unsafe for these images and "
            f"inverted films go unnoticed: add --modality with one of {', '.join(MODALITIES)}."
        )


def _audit(overrides: list[str]) -> None:
    """Audit the data set just written, as `python -m medsmall.audit` with `overrides` would."""
    from medsmall.audit.__main__ import audit

    try:
        if not audit(compose(overrides)):
            say("Mind: the audit is not clean; look at its findings before you train.")
    except MedsmallError as error:  # the YAML stays, to be corrected
        say(f"Mind: the audit could not be made: {error}")


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
    parser.add_argument("--label", help="the column to learn, where it is not guessed rightly")
    parser.add_argument("--task", choices=["binary", "multiclass", "regression"])
    parser.add_argument("--modality", help=f"one of {', '.join(MODALITIES)}")
    parser.add_argument("--force", action="store_true", help="overwrite the YAML of that name")
    parser.add_argument("--version", action="version", version=f"medsmall {version('medsmall')}")
    given = parser.parse_args(arguments)
    quieten()
    with one_sentence():
        heed_terminal()
        init(given.path, given.name, given.force, given.label, given.task, given.modality)


if __name__ == "__main__":
    main()
