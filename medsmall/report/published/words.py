"""What the published numbers tell beside ours, and what is wrong with them."""

from collections.abc import Iterator

import pandas as pd

from medsmall.report.cells import Cell
from medsmall.report.published.counterpart import Counterpart, Line
from medsmall.report.published.source import ALL_FILMS, Defect, results
from medsmall.report.published.table import table

PAPER = "Romero et al., Medical Physics 2020"
MOST = 6  # parts of a list
FINDINGS = "chestxray14"  # the task of all of them, and how others begin in ALL_FILMS


def sentences(found: Counterpart, cells: list[Cell]) -> Iterator[str]:
    """What they are, how many lie in our intervals, what differs, and each defect."""
    yield _what(found)
    if found.generated:
        yield "Your films are generated and theirs real, so nothing is compared."
    else:
        yield from _inside(found, table(found, cells))
    yield from _arms(found)
    if found.differ:
        yield f"Yours differ from theirs in more than the defects: {'; '.join(found.differ)}."
    yield from _second_runs(found)
    yield from _all_films(found)
    yield from _defects(found)


def caption(found: Counterpart) -> str:
    """What the hollow markers of the figure are."""
    runs = sorted({int(n) for line in found.lines for n in line.rows["repeats"]})
    of = " or ".join("one run" if n == 1 else f"the mean of {n} runs" for n in runs)
    codes = sorted({one.code for line in found.lines for one in line.defects if one.is_marked})
    defects = "a known defect" if len(codes) == 1 else "known defects"
    known = f"{', '.join(codes)}: {defects}, explained in the report." if codes else ""
    return (
        f"Hollow: {PAPER}, {of} each, at their training films and the {found.task.val:,} of "
        f"validation{'' if _same_test(found) else ', other test films than ours'}.\n{known}"
    )


def _what(found: Counterpart) -> str:
    rows = pd.concat([line.rows for line in found.lines])
    read = rows.loc[rows["obtained"] == "digitised", "error"]
    how = "printed in their files"
    if len(read):
        worst = f", {read.max():.3f} at worst" if read.max() > read.median() else ""
        how = f"read from their figures to within {read.median():.3f}{worst}"
        if hidden := int((rows["note"] != "").sum()):
            how += f" ({hidden} lie hidden or outside there: see `note` in published.csv)"
    task = found.task
    tested = "the official part" if task.name == FINDINGS else "half of them positive"
    yours = "as yours were" if _same_test(found) else "yours on others"
    without = found.question.no_validation
    but = f" (those of {', '.join(map(_spaced, without))} at the former alone)" if without else ""
    return (
        f"Published (hollow): {PAPER}, {' and '.join(found.question.series)}, "
        f"{_spaced(task.name)}: {len(rows)} AUROCs, {how}. They stand at their training films and "
        f"the {task.val:,} that they labelled for validation{but}, and were tested on "
        f"{task.test:,} films, {tested}; {yours}."
    )


def _same_test(found: Counterpart) -> bool:
    """Whether both were tested on the whole official part."""
    apart = any(one.startswith("split ") for one in found.differ)
    return found.task.name == FINDINGS and not apart and not found.generated


def _inside(found: Counterpart, rows: pd.DataFrame) -> Iterator[str]:
    drawn = rows[rows["experiment"].isin(found.question.series)]
    told = drawn[drawn["inside"].notna()]
    if not len(told):
        yield (
            "No published number can be set beside yours: none has a mean with an interval of the "
            "same arm and as many training images."
        )
        return
    by_arm = [_counts(str(arm), of) for arm, of in told.groupby("arm", sort=False)]
    whole = f"{_counts('of all', told)}: " if len(by_arm) > 1 else ""
    yield (
        "Published numbers inside your 95% interval of the same arm and as many training images: "
        f"{whole}{_listed(by_arm)}."
    )
    yield (
        "Your interval is of a mean over draws and patients, and theirs are other draws, mostly of "
        "one run: outside does not refute a number, inside does not confirm it."
    )
    if void := int(drawn["void"].sum()):
        yield f"{void} published numbers are not of the arm they are named after: not compared."


def _counts(name: str, rows: pd.DataFrame) -> str:
    inside = int(rows["inside"].astype(bool).sum())
    outside = rows[~rows["inside"].astype(bool)]
    above = int((outside["published"] > outside["high"]).sum())
    parts = [f"{n} {word}" for n, word in ((above, "above"), (len(outside) - above, "below")) if n]
    return f"{name} {inside} of {len(rows)}" + (f" ({', '.join(parts)})" if parts else "")


def _arms(found: Counterpart) -> Iterator[str]:
    theirs = dict.fromkeys(found.name(line) for line in found.lines if not line.same)
    if theirs:
        yield f"Published arms that you have not, in grey: {_listed([*theirs])}."
    same = {arm for line in found.lines for arm in line.same}
    ours = [found.study.name(arm) for arm in found.study.arms if arm not in same]
    if ours:
        yield f"Arms of yours that were not published: {_listed(ours)}."


def _second_runs(found: Counterpart) -> Iterator[str]:
    """How far two stored runs of one arm lie apart."""
    apart = []
    for line in found.again:
        first = next(one for one in found.lines if one.arm == line.arm)
        both = first.rows.merge(line.rows, on="n_train", suffixes=("", "_again"))
        gap = (both["value"] - both["value_again"]).abs()
        if len(both) and not any(one.void for one in line.defects):
            n_train = both["n_train"].tolist()[int(gap.argmax())]
            apart.append((float(gap.max()), found.name(first), n_train))
    if apart:
        most, name, n = max(apart)
        yield (
            f"How much a run of theirs is luck: the second one that they stored of each arm lies "
            f"up to {most:.3f} from the one drawn ({name}, {n:,} training films)."
        )


def _all_films(found: Counterpart) -> Iterator[str]:
    name = found.task.name
    task = name if name == FINDINGS else f"{FINDINGS}:{found.task.targets[0]}"
    table = results()
    of = table[(table["experiment"] == ALL_FILMS) & (table["task"] == task)]
    for _, row in of.iterrows():
        yield (
            f"With all {row['n_train']:,} training films and the 14 findings together they had "
            f"{row['value']:.3f} on the whole official test part (one run)."
        )


def _defects(found: Counterpart) -> Iterator[str]:
    """Each that concerns a line, with the arms that it concerns, unless it is all of them."""
    wrong: dict[str, tuple[Defect, list[Line]]] = {}
    for line in found.lines:
        for one in line.defects:
            wrong.setdefault(one.code, (one, []))[1].append(line)
    for defect, lines in sorted(wrong.values(), key=lambda of: _order(of[0].code)):
        whose = f" ({_listed(_whose(found, lines))})" if len(lines) < len(found.lines) else ""
        beyond = f" from {defect.beyond + 1:,} training films on," if defect.beyond else ""
        yield f"{defect.code}{whose}:{beyond} {defect.says}."


def _whose(found: Counterpart, lines: list[Line]) -> list[str]:
    """The experiments of some lines if they are all of these, else their arms."""
    names = {line.experiment for line in lines}
    if len(lines) == sum(line.experiment in names for line in found.lines):
        return sorted(names)
    return list(dict.fromkeys(found.name(line) for line in lines))


def _order(code: str) -> tuple[str, int, str]:
    number, _, rest = code[1:].partition(" ")
    return code[0], int(number), rest


def _listed(parts: list[str]) -> str:
    more = f"; and {len(parts) - MOST} more" if len(parts) > MOST else ""
    return "; ".join(parts[:MOST]) + more


def _spaced(name: str) -> str:
    return name.replace("_", " ")
