"""CLAIM 2024 and TRIPOD+AI with what the records say of each item.

The topics are in our own words, in `claim_2024.csv` and `tripod_ai.csv`: item, section, topic, the
statements that answer it, and what is left for people.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

from medsmall.report.manuscript.facts import Facts
from medsmall.report.manuscript.formats import markdown_row
from medsmall.report.manuscript.statements import say
from medsmall.report.question import Answer

TO_FILL_IN, FROM_RECORDS = "to be filled in", "from the records"


@dataclass(frozen=True)
class Checklist:
    """A reporting guideline: the CSV with its items, its title, and where it was published."""

    file: str
    title: str
    source: str


class Item(NamedTuple):
    """An item; `statements` are those of `say`, `left` is what no record holds."""

    number: str
    section: str
    topic: str
    statements: tuple[str, ...]
    left: str


CLAIM = Checklist(
    "claim_2024.csv",
    "CLAIM 2024: Checklist for Artificial Intelligence in Medical Imaging",
    "Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300",
)
TRIPOD_AI = Checklist(
    "tripod_ai.csv",
    "TRIPOD+AI: reporting of prediction models that use regression or machine learning",
    "Collins et al., BMJ 2024;385:e078378",
)


def items(of: Checklist) -> list[Item]:
    """Its items in their order."""
    text = files("medsmall.report.manuscript").joinpath(of.file).read_text("utf-8")
    return [
        Item(
            row["item"], row["section"], row["topic"], tuple(row["statements"].split()), row["left"]
        )
        for row in csv.DictReader(text.splitlines())
    ]


def claim(found: Answer, facts: Facts | None = None) -> str:
    """CLAIM 2024 as Markdown; `facts` are those of the answer, if known already."""
    return _filled(CLAIM, facts or Facts.of(found))


def tripod_ai(found: Answer, facts: Facts | None = None) -> str:
    """TRIPOD+AI as Markdown; `facts` are those of the answer, if known already."""
    return _filled(TRIPOD_AI, facts or Facts.of(found))


def _filled(of: Checklist, facts: Facts) -> str:
    return "\n".join([*_lines(of, facts), ""])


def _lines(of: Checklist, facts: Facts) -> Iterator[str]:
    yield from (f"# {of.title}", "", f"Source: {of.source}.", "")
    yield (
        "Topics are in short; the wording of the published checklist counts. Pages of the "
        f"manuscript are {TO_FILL_IN}. The next report in this folder overwrites this file: copy "
        "it before you fill it in."
    )
    section = ""
    for item in items(of):
        if item.section != section:
            section = item.section
            yield from ("", f"## {section}", "")
            yield from (markdown_row(["item", "topic", "answer"]), "| :--- | :--- | :--- |")
        yield markdown_row([item.number, item.topic, answer(item, facts)])


def answer(item: Item, facts: Facts) -> str:
    """What the records say of an item, and what is left to fill in."""
    said = " ".join(text for name in item.statements if (text := say(facts, name)))
    if not said:
        return f"{TO_FILL_IN}{f': {item.left}' if item.left else ''}"
    left = f" {TO_FILL_IN.capitalize()}: {item.left}." if item.left else ""
    return f"{FROM_RECORDS}: {said}{left}"
