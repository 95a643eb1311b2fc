"""The files of a manuscript, as texts by their path in the folder of the report."""

from medsmall.report.manuscript import tables
from medsmall.report.manuscript.checklists import claim, tripod_ai
from medsmall.report.manuscript.facts import Facts
from medsmall.report.manuscript.formats import latex, markdown
from medsmall.report.manuscript.methods import methods
from medsmall.report.question import Answer

FORMATS = {"tex": latex, "md": markdown}
TABLES = {"scores": tables.scores, "verdicts": tables.verdicts}


def texts(found: Answer) -> dict[str, str]:
    """All that this answer has."""
    facts = Facts.of(found)
    written: dict[str, str] = {}
    for name, make in TABLES.items():
        if (sheet := make(facts)) is None:
            continue
        for suffix, as_text in FORMATS.items():
            written[f"tables/{name}.{suffix}"] = as_text(sheet)
    written["methods.md"] = methods(found, facts)
    written["checklist_claim.md"] = claim(found, facts)
    written["checklist_tripod_ai.md"] = tripod_ai(found, facts)
    return written
