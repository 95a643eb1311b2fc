"""All statements by name: what the methods section and the checklists are put together from."""

from collections.abc import Callable

from medsmall.report.manuscript import computing, data, evaluation, training, views
from medsmall.report.manuscript.facts import Facts, listed, sentence, span

Statement = Callable[[Facts], str]


def varied(facts: Facts) -> str:
    """What arms differ in."""
    study = facts.study
    told = []
    for k, factor in enumerate(study.factors):
        values = sorted({arm[k] for arm in study.arms})
        told.append(
            f"{factor.replace('_', ' ')} ({listed([facts.option(factor, v) for v in values])})"
        )
    if not told:
        return "One arm was examined, and nothing was varied between arms."
    said = f"{len(study.arms)} arms were compared, which differed in {listed(told)}"
    if len(study.sizes) > 1:
        said += f", at up to {len(study.sizes)} sizes ({study.at(study.sizes[0])} and more)"
    runs = [len(repeats) for repeats in study.cells.values()]
    if len(set(runs)) > 1:
        said += f"; not all have the same number of runs ({span(runs)})"
    return sentence(said)


def technology(facts: Facts) -> str:
    """The kind of technology."""
    trained = {training.is_trained(run) for run in facts.runs}
    deep = "deep learning (a trained network)"
    heads = "machine learning on features (no network was trained)"
    return sentence(
        listed([name for name, kind in ((deep, True), (heads, False)) if kind in trained])
    )


STATEMENTS: dict[str, Statement] = {
    "technology": technology, "varied": varied,
    "source": data.source, "task": data.task, "missing": data.missing, "counts": data.counts,
    "partition": data.partition, "disjoint": data.disjoint, "subsets": data.subsets,
    "sizes": data.sizes,
    "pixels": training.pixels, "augmentation": views.augmentation, "network": training.network,
    "weights": training.weights, "fitting": training.fitting, "loss": training.loss,
    "imbalance": training.imbalance, "selection": training.selection,
    "measure": evaluation.measure, "threshold": evaluation.threshold,
    "intervals": evaluation.intervals, "comparisons": evaluation.comparisons,
    "looks": evaluation.looks, "results": evaluation.results, "verdicts": evaluation.verdicts,
    "errors": evaluation.errors, "calibration": evaluation.calibration,
    "software": computing.software, "hardware": computing.hardware, "seeds": computing.seeds,
}  # fmt: skip


def say(facts: Facts, name: str) -> str:
    """A statement by its name, made once: methods and checklists share it."""
    if name not in facts.said:
        facts.said[name] = STATEMENTS[name](facts)
    return facts.said[name]
