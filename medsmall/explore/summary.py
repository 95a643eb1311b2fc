"""What stands at the top of the page."""

from importlib.metadata import version

import pandas as pd
from omegaconf import DictConfig

from medsmall.dataset import Dataset, patients
from medsmall.explore import people
from medsmall.explore.people_sections import IF_REPEATED
from medsmall.page.sections import Page, Section, per_cent


def summary(
    cfg: DictConfig,
    dataset: Dataset,
    table: pd.DataFrame,
    listed: pd.DataFrame,
    none_there: bool,
    sections: list[Section],
) -> Page:
    """The page of the `sections`, with its headline.

    `table` holds the rows the figures are about, `listed` all; `none_there` says that no image
    is there.
    """
    about = {
        "Targets": _some(dataset.targets),
        "Folder": str(dataset.files.root.absolute()),
        "Licence": dataset.licence,
        "Citation": dataset.citation,
        "Source": dataset.url,
    }
    return Page(
        title=dataset.name,
        subtitle=f"{dataset.modality}, {dataset.task} task, scored per {dataset.unit}",
        facts=facts(dataset, table, listed, none_there),
        about=[(what, text) for what, text in about.items() if text],
        warnings=warnings(cfg, dataset, table, listed, none_there),
        sections=sections,
        version=version("medsmall"),
    )


def facts(
    dataset: Dataset, table: pd.DataFrame, listed: pd.DataFrame, none_there: bool
) -> list[tuple[str, str]]:
    """The counts of the headline, as pairs of a number and what it counts."""
    of = f" of {len(listed):,} listed" if len(table) < len(listed) else ""
    nobody = patients.unknown(dataset, table) == len(table)
    found = [
        (f"{len(table):,}", "listed images, none there" if none_there else f"images{of}"),
        ("–", "patients unknown") if nobody else _patients(table),
    ]
    if dataset.unit in table and dataset.unit not in ("image", "patient"):
        found.append((f"{table[dataset.unit].nunique():,}", f"scored units ({dataset.unit})"))
    found.append((f"{len(dataset.targets):,}", "target" + "s" * (len(dataset.targets) != 1)))
    labels = table[dataset.targets]
    unknown = float(labels.isna().to_numpy().mean()) if labels.size else 0.0
    found.append((per_cent(unknown), "of the labels unknown"))
    for name in ("age", "sex"):
        without = len(table) - int(people.known(people.column(table, name)).sum())
        found.append((f"{without:,}", f"images without {name}"))
    return found


def _patients(table: pd.DataFrame) -> tuple[str, str]:
    same = [name for name in table.drop(columns="patient") if table[name].equals(table["patient"])]
    return f"{table['patient'].nunique():,}", f"patients ({same[0]})" if same else "patients"


def warnings(
    cfg: DictConfig, dataset: Dataset, table: pd.DataFrame, listed: pd.DataFrame, none_there: bool
) -> list[str]:
    """What a reader has to know before believing a figure."""
    found = []
    if cfg.phantom:
        found.append(
            "These data are generated (phantom=true). They show how the page looks and say nothing "
            "about medicine."
        )
    if none_there:
        found.append(
            f"None of the {len(listed):,} listed images is there. This page shows the table alone."
        )
    elif len(table) < len(listed):
        found.append(
            f"{len(listed) - len(table):,} of the {len(listed):,} listed images are absent. All "
            f"figures are about the {len(table):,} that are there."
        )
    if patients.unknown(dataset, table) == len(table):
        found.append(f"Patients are unknown: every image counts as one. {IF_REPEATED}")
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
