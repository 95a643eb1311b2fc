"""The page as a whole: the answer on top, then what it rests on."""

from importlib.metadata import version
from pathlib import Path

from medsmall.page.sections import Link, Page, Section
from medsmall.report.asked import Asked
from medsmall.report.page import (
    calibration,
    confusion,
    cost,
    differences,
    histories,
    mistakes,
    networks,
    numbers,
    provenance,
    ranking,
    scores,
    targets,
    units,
)  # fmt: skip
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.page.lead import lead
from medsmall.report.paths import without_paths
from medsmall.report.question import Answer
from medsmall.report.run import Run

MANUSCRIPT = {
    "Methods, to complete": "methods.md",
    "Checklist CLAIM 2024": "checklist_claim.md",
    "Checklist TRIPOD+AI": "checklist_tripod_ai.md",
}


def page_of(asked: Asked, found: Answer, words: list[str], folder: Path) -> Page:
    """The page of an answer, for a file in `folder`; `words` are all its sentences."""
    study, run = found.study, found.study.runs[0]
    drawn = DrawnArms.of(study, found.cells, found.metric, found.comparisons)
    sections = [
        scores.section(found, drawn.every),
        differences.section(found),
        targets.section(found, drawn),
        ranking.section(drawn),
        calibration.section(drawn),
        confusion.section(drawn),
        numbers.section(drawn),
        units.section(drawn),
        mistakes.section(drawn, asked.images),
        histories.section(drawn),
        networks.section(drawn),
        cost.section(found),
        _sentences(words),
        provenance.section(found, folder),
    ]
    kind = "generated" if run.config["phantom"] else str(run.config["dataset"])
    unit = f"scored per {run.metrics['unit']}"
    return Page(
        title=found.title[0].upper() + found.title[1:],
        subtitle=f"{kind}, {run.config['task']} task, {unit}",
        facts=_facts(found),
        about=_about(found),
        warnings=_warnings(found),
        sections=[one for one in sections if one],
        version=version("medsmall"),
        lead=lead(found),
        command="report",
        topic="What was compared",
        figures="figures/",
        tables="tables/",
        formats=("svg", "pdf"),
        closing="Patients have pseudonyms. Share it only as the licence of the data allows.",
    )


def _facts(found: Answer) -> list[tuple[str, str]]:
    study = found.study
    tested = sorted({int(run.metrics["test"]["n"]) for run in study.runs})
    unit = study.runs[0].metrics["unit"]
    return [
        (f"{len(study.runs):,}", "runs"),
        (f"{len(study.arms):,}", "arms"),
        (" – ".join(f"{n:,}" for n in dict.fromkeys([study.sizes[0], study.sizes[-1]])),
         "training images" if study.size_column == "train_images" else study.along),
        (" – ".join(f"{n:,}" for n in dict.fromkeys([tested[0], tested[-1]])),
         f"{'studies' if unit == 'study' else f'{unit}s'} tested by each run"),
        (f"{found.looks:,}", f"looks at a test image{' by this sweep' * found.of_sweep}"),
    ]  # fmt: skip


def _about(found: Answer) -> list[tuple[str, str | Link]]:
    study, run = found.study, found.study.runs[0]
    varied = ", ".join(study.factors) or "nothing but the repeats"
    return [
        ("Arms differ in", varied),
        ("Arms", "; ".join(study.name(arm) for arm in study.arms)),
        ("Targets", ", ".join(found.targets or run.names)),
        ("Split", str(run.config["split"])),
        ("Weights", "; ".join(sorted({_weights(one) for one in study.runs}))),
        *((what, Link(file, file)) for what, file in MANUSCRIPT.items()),
    ]


def _weights(run: Run) -> str:
    return without_paths(str(run.metrics.get("pretraining", "unknown")))


def _warnings(found: Answer) -> list[str]:
    warnings = []
    if found.study.runs[0].config["phantom"]:
        warnings.append(
            "These images are generated (phantom=true). They show how a report looks and say "
            "nothing about medicine."
        )
    if found.left_out:
        n = len(found.left_out)
        warnings.append(f"{n} group{'s' * (n != 1)} of runs left out; the terminal says which.")
    return warnings


def _sentences(words: list[str]) -> Section:
    return Section("sentences", "All that can be said", text=list(words))
