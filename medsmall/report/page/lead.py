"""The answer in two or three sentences: what was reached, what is decided, what it is worth."""

from collections import Counter
from collections.abc import Iterator

from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.report.cells import Cell, favoured
from medsmall.report.question import Answer
from medsmall.report.sentences import in_words, test_patients, top_first, whose
from medsmall.report.verdicts import Comparison


def lead(found: Answer) -> list[str]:
    """Two or three sentences."""
    return [_reached(found), *_decided(found), _worth(found)]


def _reached(found: Answer) -> str:
    study, metric = found.study, in_words(found.metric)
    size = max(cell.size for cell in found.cells)
    last = [cell for cell in found.cells if cell.size == size]
    ranked = favoured(found.cells, found.metric)
    if not ranked and len(last) > 1:
        low, high = (f(last, key=lambda cell: cell.mean) for f in (min, max))
        ends = [f"{of.mean:.3f} ({_quoted(study.name(of.arm))})" for of in (low, high)]
        return f"With {study.at(size)}, mean test {metric} lies between {' and '.join(ends)}."
    best = (ranked or last)[0]
    chosen = ", the choice of validation," if len(ranked) > 1 else ""
    return (
        f"With {study.at(size)}, {_quoted(study.name(best.arm))}{chosen} reaches a mean test "
        f"{metric} of {score(best)}."
    )


def score(cell: Cell) -> str:
    """A mean with its interval."""
    if cell.interval is None:
        return f"{cell.mean:.3f} (no interval: {cell.reason})"
    return f"{cell.mean:.3f} (95% interval {cell.interval.low:.3f} to {cell.interval.high:.3f})"


def _decided(found: Answer) -> Iterator[str]:
    told = [one for one in found.comparisons if one.verdict]
    if not told:
        reasons = {one.reason for one in found.comparisons}
        if reasons:
            yield f"No arms can be compared: {sorted(reasons)[0]}."
        return
    words = Counter(one.verdict.word for one in told if one.verdict)
    equal = words["equivalent"]
    sure = [one for one in told if one.verdict and one.verdict.word in ("better", "worse")]
    if len(told) == equal:
        which = "The arms are" if equal == 1 else f"All {equal} pairs of arms are"
        least = f"their {in_words(found.metric)} differs by less than {found.margin:g}"
        yield f"{which} equivalent: {least}."
        return
    if not sure:
        widths = [(c.verdict.high - c.verdict.low) / 2 for c in told if c.verdict]
        which = "The comparison is not" if len(told) == 1 else f"None of {len(told)} comparisons is"
        if equal:
            which = f"{equal} of {len(told)} pairs of arms are equivalent, the others are not"
        yield (
            f"{which} decided: a true difference of {in_words(found.metric)} below about "
            f"{_span(widths)} is mostly missed."
        )
        return
    most = max(sure, key=lambda one: abs(one.found.value) if one.found else 0.0)
    start = ""
    if len(told) > 1:
        many = "; the largest difference" if len(sure) > 1 else ""
        but = f" ({equal} more equivalent)" if equal else ""
        start = f"{len(sure)} of {len(told)} comparisons {'is' if len(sure) == 1 else 'are'} "
        start += f"decided{but}{many}: "
    yield f"{start}{_which(found, most)}."


def _span(widths: list[float]) -> str:
    """0.103, or 0.072 to 0.167."""
    return " to ".join(dict.fromkeys(f"{f(widths):.3f}" for f in (min, max)))


def _which(found: Answer, one: Comparison) -> str:
    assert one.found
    assert one.verdict
    top, bottom = (_quoted(found.study.name(arm)) for arm in top_first(one))
    lower = found.metric in LOWER_IS_BETTER
    better, other = (bottom, top) if lower else (top, bottom)
    least, most = sorted(map(abs, (one.verdict.low, one.verdict.high)))
    return (
        f"{better} is better than {other} at {found.study.at(one.size)}, {in_words(found.metric)} "
        f"{abs(one.found.value):.3f} {'lower' if lower else 'higher'} (plausibly {least:.3f} to "
        f"{most:.3f})"
    )


def _quoted(name: str) -> str:
    """An arm of several words as one."""
    return f"“{name}”" if "," in name else name


def _worth(found: Answer) -> str:
    patients = [one.found.patients for one in found.comparisons if one.found]
    rests = ""
    if patients:
        about = "about " * (len(found.targets) > 1)  # of a mean over targets no count is the one
        them = test_patients(found.study, found.metric, min(patients))
        rests = f" They rest on {about}{them}."
    runs = whose(found.looks, found.of_sweep)
    if found.study.is_kfold:
        runs, image = f"up to {runs}", "each test image"
    else:
        image = "these test images"
    return (
        f"These numbers hold for these images and these weights, not for another hospital; {runs} "
        f"{'was' if found.looks == 1 else 'were'} scored on {image}.{rests}"
    )
