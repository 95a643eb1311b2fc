"""Another data set is predicted: external validation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.answer.look import look
from medsmall.answer.reading import has_colours
from medsmall.audit.provenance import UNKNOWN, Seen, mark
from medsmall.audit.seen import seen_by_run
from medsmall.audit.upstream import upstream_overlap
from medsmall.cache import Prepared, Resize, prepare
from medsmall.case import trained_on_test
from medsmall.configs import compose
from medsmall.dataset import Dataset
from medsmall.dataset.opening import open_table
from medsmall.errors import MedsmallError
from medsmall.evaluate.judged import Test, breakable, people_of
from medsmall.evaluate.labels import mapped
from medsmall.predict.facts import targets_of_record
from medsmall.predict.predictor import Predictor
from medsmall.terminal import progress_bar, say

AT_ONCE = 64  # images that are predicted together
LOOKED = 500  # images whose look is compared with that of the training's


def external(
    predictor: Predictor, overrides: Sequence[str], labels: Mapping[str, str], overlap: str
) -> Test:
    """The units of the data set that `overrides` describe, with the predictions of the model.

    Patients whom the model has learnt from, or whose images it has, are refused; with `overlap`
    "drop" these patients are left out.
    """
    cfg = compose(list(overrides))
    dataset, table = open_table(cfg)
    targets = targets_of_record(predictor.records[0])
    table = mapped(dataset, table, targets, labels)
    seen = tuple(one for record in predictor.records for one in seen_by_run(record))
    table = _unseen(dataset, table, seen, overlap)
    prepared = _prepared(predictor, cfg, dataset, table)
    copies = upstream_overlap(seen, dataset.name, _placed(table, prepared), prepared)
    if len(copies):
        table = _without_copies(dataset, table, copies, overlap)
        prepared = _prepared(predictor, cfg, dataset, table)
    names = table["image"].tolist()
    outputs = _predicted(predictor, prepared)
    rows = pd.Index(prepared.images).get_indexer(pd.Index(names))
    strange = _strange(predictor, prepared)
    return _test(predictor, dataset, table, outputs[:, rows], bool(cfg.phantom), strange)


def _strange(predictor: Predictor, prepared: Prepared) -> float | None:
    """The share of up to LOOKED images that look unlike the training's.

    MedsmallError if most have colours where only films were learnt, or none where they had.
    """
    rows = np.unique(np.linspace(0, len(prepared) - 1, LOOKED).astype(int))
    pixels = [prepared.pixels(int(row)) for row in rows]
    coloured = float(np.mean([has_colours(one) for one in pixels]))
    learnt = predictor.members[0].reading.channels
    if learnt is not None and (coloured > 0.5) != (learnt == 3):
        kinds = ("grey", "colour") if learnt == 1 else ("colour", "grey")
        raise MedsmallError(
            f"The model learnt from {kinds[0]} images, and these are {kinds[1]}: it cannot answer."
        )
    known = [one.familiar for one in predictor.members if one.familiar is not None]
    if not known:
        return None
    looks = np.array([look(one) for one in pixels], float)
    return float(np.mean(np.any([[f.is_rare(p) for p in f.p(looks)] for f in known], axis=0)))


def _prepared(
    predictor: Predictor, cfg: DictConfig, dataset: Dataset, table: pd.DataFrame
) -> Prepared:
    """The images of a table at the size of the model, decoded once."""
    reading, cache = predictor.members[0].reading, Path(cfg.cache_root)
    names, resize = table["image"].tolist(), cast(Resize, reading.resize)
    prepared = prepare(dataset, names, reading.side, cache, resize=resize)
    prepared.check()
    return prepared


def _placed(table: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """The rows of a table with their place in `prepared` as index."""
    place = pd.Series(np.arange(len(prepared.images)), index=prepared.images)
    rows = table[["image", "patient"]].assign(part="test").drop_duplicates("image")
    return rows.set_index(place.loc[rows["image"]].to_numpy()).sort_index()


def _without_copies(
    dataset: Dataset, table: pd.DataFrame, copies: pd.DataFrame, overlap: str
) -> pd.DataFrame:
    """The rows of patients none of whose images the model has learnt from under another name."""
    away = set(table.loc[table["image"].isin(copies["image_a"]), "patient"])
    found = f"{len(copies):,} images of {dataset.name} ({len(away):,} patients)"
    if overlap != "drop":
        raise MedsmallError(
            f"The model has learnt from copies of {found}: a score on them would be inflated. "
            "Leave these patients out with overlap=drop."
        )
    left = table[~table["patient"].isin(away)].reset_index(drop=True)
    if left.empty:
        raise MedsmallError(f"The model has learnt from copies of every patient of {dataset.name}.")
    say(f"The model has learnt from copies of {found}: these patients are left out.")
    return left


def _unseen(
    dataset: Dataset, table: pd.DataFrame, seen: Sequence[Seen], overlap: str
) -> pd.DataFrame:
    known = {patient for one in seen for patient in one.patients or ()}
    is_known = table["patient"].map(lambda patient: mark(dataset.name, patient) in known)
    if overlap == "drop" and is_known.any():
        left = table[~is_known].reset_index(drop=True)
        if left.empty:
            raise MedsmallError(f"The model has learnt from every patient of {dataset.name}.")
        patients = table.loc[is_known, "patient"].nunique()
        say(
            f"{dataset.name}: {patients:,} patients whom the model has learnt from are left out "
            f"({int(is_known.sum()):,} images)."
        )
        return left
    if any(one.dataset == UNKNOWN for one in seen):
        say("Whom the initial weights of the model have seen is unknown, so it cannot be checked.")
    if found := trained_on_test(seen, dataset.name, {*table["patient"]}):
        found = found.replace("in the test split", "asked for")
        drop = ", or leave these patients out with overlap=drop" * bool(is_known.any())
        raise MedsmallError(
            f"The model was trained on {found}: a score on them would be inflated. Name other "
            f"data{drop}."
        )
    return table


def _predicted(predictor: Predictor, prepared: Prepared) -> np.ndarray:
    """Of each member (M, N, K), for all prepared images."""
    found = []
    with progress_bar() as bar:
        task = bar.add_task("Predicting", total=len(prepared), note="")
        for start in range(0, len(prepared), AT_ONCE):
            rows = range(start, min(start + AT_ONCE, len(prepared)))
            found.append(predictor.outputs([prepared.pixels(row) for row in rows]))
            bar.advance(task, len(rows))
    return np.concatenate(found, axis=1)


def _test(
    predictor: Predictor,
    dataset: Dataset,
    table: pd.DataFrame,
    predicted: np.ndarray,
    phantom: bool,
    strange: float | None,
) -> Test:
    """Of predictions (M, N, K) for the rows of a table."""
    targets, facts = targets_of_record(predictor.records[0]), predictor.members[0]
    unit = facts.unit if facts.unit in table else "image"
    of_unit, labels = table[unit].astype("str").to_numpy(), table[targets.names].to_numpy(float)
    units = [targets.per_unit(labels, of_member, of_unit) for of_member in predicted]
    first = table.groupby(of_unit).first()
    people, patient = np.unique(first["patient"].to_numpy(str), return_inverse=True)
    about = first[breakable(table, targets.names)].reset_index(names=unit)
    about["patient"] = first["patient"].to_numpy(str)
    return Test(
        f"{facts.name} on {dataset.name}", targets, predictor.members, units[0][0],
        np.stack([prob for _, prob in units]), patient, len(people), about, is_own=False,
        phantom=phantom, people=people_of(dataset), data=dataset.name, strange=strange,
    )  # fmt: skip
