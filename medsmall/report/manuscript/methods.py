"""The methods section of a manuscript, in the past tense, by the records of the runs."""

from medsmall.report.manuscript.facts import Facts, to_fill_in
from medsmall.report.manuscript.formats import markdown_text
from medsmall.report.manuscript.statements import STATEMENTS, say
from medsmall.report.question import Answer

DESIGN = (
    f"This {to_fill_in('retrospective or prospective')} study was approved by "
    f"{to_fill_in('ethics committee and number, or why no approval was needed')}; informed consent "
    f"was {to_fill_in('obtained, or waived by whom')}."
)
PATIENTS = (
    f"Patients were {to_fill_in('how found, inclusion and exclusion criteria, age and sex')} at "
    f"{to_fill_in('centres, and dates of acquisition')}; images were acquired with "
    f"{to_fill_in('scanner or camera, and protocol')}."
)
STANDARD = (
    "The reference standard was "
    f"{to_fill_in('how labels were obtained, by whom, with what agreement')}."
)
TUNED = f"Other settings were {to_fill_in('defaults, or how they were tuned, and on which part')}."
SIZE = f"The number of test patients was chosen {to_fill_in('why it suffices')}."
# paragraphs: a heading, then statements by name, or sentences that no record holds
PARAGRAPHS: dict[str, tuple[str, ...]] = {
    "Study design and patients": (DESIGN, "source", PATIENTS),
    "Labels": ("task", STANDARD, "missing"),
    "Partitions": ("partition", "disjoint", "counts", "subsets", "sizes"),
    "What was varied": ("varied",),
    "Images and model": ("pixels", "augmentation", "network", "weights"),
    "Training": ("fitting", "loss", "imbalance", "selection", TUNED),
    "Evaluation and statistics": (
        "measure",
        "threshold",
        "calibration",
        "intervals",
        "comparisons",
        "looks",
        SIZE,
    ),
    "Software, hardware and seeds": ("software", "hardware", "seeds"),
}
ABOUT = (
    "Written from the records of the runs by medsmall. Complete what stands in brackets, and leave "
    "out what your journal does not ask for. The next report in this folder overwrites this file: "
    "copy it before you fill it in."
)


def methods(found: Answer, facts: Facts | None = None) -> str:
    """Markdown: a paragraph for each part; `facts` are those of the answer, if known already."""
    facts = facts or Facts.of(found)
    lines = ["# Methods", "", f"*{ABOUT}*", ""]
    for heading, parts in PARAGRAPHS.items():
        said = [say(facts, part) if part in STATEMENTS else part for part in parts]
        lines += [f"## {heading}", "", markdown_text(" ".join(one for one in said if one)), ""]
    return "\n".join(lines)
