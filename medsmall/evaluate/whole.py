"""The page of an evaluation, and the few sentences of the terminal."""

from collections.abc import Sequence
from importlib.metadata import version

from medsmall.answer.facts import Facts
from medsmall.evaluate import benefit, calibrated, calls, certain, groups, scores, sets
from medsmall.evaluate.judged import Test
from medsmall.page.sections import Page
from medsmall.record import Record


def page_of(
    test: Test,
    records: Sequence[Record],
    members: Sequence[Facts],
    prevalence: dict[str, float] | None,
    alpha: float,
) -> Page:
    """Everything that a test tells about a model; `members` are for the stated prevalence."""
    sections = [
        scores.section(test),
        calibrated.section(test, records),
        calls.section(test, records, prevalence),
        benefit.section(test, members, prevalence),
        groups.section(test),
        certain.section(test),
        sets.section(test, alpha),
    ]
    learnt = any(bool(record.metrics.get("phantom")) for record in records)
    facts = test.members[0]
    unit = "studies" if facts.unit == "study" else f"{facts.unit}s"
    warnings = []
    if learnt or test.phantom:
        what = "The model learnt from generated images" if learnt else "These images are generated"
        warnings.append(f"{what} (phantom=true): the numbers mean nothing.")
    return Page(
        title=test.title,
        subtitle=f"{facts.task} task, scored per {facts.unit}",
        facts=[
            (f"{len(test.y):,}", unit),
            (f"{test.patients:,}", test.people),
            (f"{len(records):,}", "run" if len(records) == 1 else "runs together"),
        ],
        about=[
            ("Learnt from", facts.dataset),
            ("Judged by", test.data),
            ("Prevalence", "that of these images" if prevalence is None else str(prevalence)),
            ("Targets", ", ".join(test.targets.names)),
            ("Runs", ", ".join(record.key for record in records)),
        ],
        warnings=warnings,
        sections=[one for one in sections if one],
        version=version("medsmall"),
        lead=lead(test),
        command="evaluate",
        topic="What was judged",
    )


def lead(test: Test) -> list[str]:
    """The headline score and what it is of; of other data, whether it is better than chance."""
    own = "test images of its own"
    if not test.is_own:
        same = test.data == test.members[0].dataset
        own = f"images of {test.data}{', the data set that it learnt from' * same}"
    found = scores.headline(test)
    name = test.targets.headings.get(test.targets.headline, test.targets.headline)
    if found is None:
        return [f"{name} is undefined on these {len(test.y):,} {own}."]
    ends = f" [{found.low:.3f}, {found.high:.3f}]" if found.low is not None else ""
    many = len(test.targets.names)
    over = f" over {found.over} of {many} targets" if found.over < many else ""
    what = f"The mean{over} of {name}" if many > 1 else name
    whose = f"{len(test.y):,} {own}, of {test.patients:,} {test.people}"
    said = [f"{what} is {found.value:.3f}{ends} on {whose}."]
    if test.targets.headline == "auroc" and found.low is not None and found.low <= 0.5:
        said.append("That is not surely better than chance (0.5): do not use it on such images.")
    if test.strange:
        said.append(f"{test.strange:.0%} of these images look unlike those that it learnt from.")
    return said
