"""Audit a data set: ``python -m medsmall.audit dataset=chestxray14``.

Exit status 0: clean; 1: contamination or faults that audit.allow does not name; 2: a mistake on
the command line.
"""

import sys
from pathlib import Path

from omegaconf import DictConfig

from medsmall.auto import with_options
from medsmall.command import as_command
from medsmall.contract import build
from medsmall.schema import check

EXAMPLES = """\
python -m medsmall.audit dataset=chestxray14
python -m medsmall.audit dataset=pneumoniamnist phantom=true image_size_px=64
python -m medsmall.audit dataset=mura audit.allow=[near_duplicates]"""


def audit(cfg: DictConfig) -> bool:
    """Audit the data set that `cfg` describes, write and print what is found; True if clean.

    Raises MedsmallError for whatever a user can mend in the configuration.
    """
    config = check(cfg)
    allow: list[str] = config["audit"]["allow"]

    from medsmall.audit.findings import check_allowed

    check_allowed(allow)

    from medsmall.audit import report
    from medsmall.audit.conflicts import conflicting_labels
    from medsmall.audit.films import constant_and_inverted, unreadable_images
    from medsmall.audit.findings import audit_folder, not_allowed, together
    from medsmall.audit.identical import identical_images
    from medsmall.audit.metadata import label_equals_metadata
    from medsmall.audit.near import near_duplicates
    from medsmall.audit.parts import parts
    from medsmall.cache import prepare
    from medsmall.dataset.opening import open_table
    from medsmall.terminal import console

    # rows: which images there are, and in which part
    if cfg.choices.split != "auto":
        build(cfg.split)  # a value out of range is told before anything is read
    dataset, table = open_table(cfg)
    if cfg.choices.split == "auto":  # a published split is held to account, usable or not
        published = (table["split"].fillna("") != "").any()
        cfg = with_options(cfg, {"split": "official" if published else "stratified"})
    split = build(cfg.split)
    table["part"], note, across = parts(split, table, dataset.targets)
    labels = [label for label in dataset.labels if label in table]

    # images: those that can be read, in the order of the rows
    unreadable: dict[str, str] = {}
    images = list(dict.fromkeys(table["image"]))
    cache = Path(cfg.cache_root).expanduser().absolute()
    side, resize = cfg.image_size_px, cfg.resize
    prepared = prepare(dataset, images, side, cache, unreadable, resize=resize)
    rows = table.drop_duplicates("image").set_index("image", drop=False).loc[prepared.images]
    rows = rows.reset_index(drop=True)

    # checks
    identical, same = identical_images(dataset, prepared, rows)
    near, alike, calibration = near_duplicates(prepared, rows, same)
    kind = "body_part" if "body_part" in rows else None
    found = together(
        [
            across,
            identical,
            near,
            conflicting_labels(rows, labels, same, alike),
            unreadable_images(table, unreadable),
            constant_and_inverted(prepared, rows, dataset.modality, kind),
            label_equals_metadata(table, labels, dataset.targets, dataset.task),
        ]
    )

    # report
    folder = audit_folder(cfg.output_root, dataset.name, cfg.phantom)
    facts = {
        "dataset": dataset.name,
        "phantom": cfg.phantom,
        "images": len(table),
        "patients": int(table["patient"].nunique()),
        "near_duplicates": report.calibration_facts(calibration),
    }
    report.write(folder, found, allow, facts)
    clean = not len(not_allowed(found, allow))
    strangers = ""
    if (table["patient"] == table["image"]).all():
        strangers = (
            "No patients are known, every image counts as one: whether images of one patient stand "
            "in train and test was not checked."
        )
    for line in (
        f"Audit of {dataset.name}{' (phantom)' if cfg.phantom else ''}: {len(table):,} images of "
        f"{facts['patients']:,} patients, {'clean' if clean else 'not clean'}.",
        report.as_table(found, allow),
        *report.examples(found),
        str(calibration),
        *filter(None, [note, strangers]),
        f"Findings: {folder / 'findings.csv'}",
    ):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    return clean


def main() -> None:
    """The command."""
    clean: list[bool] = []
    as_command(lambda cfg: clean.append(audit(cfg)), str(__doc__), EXAMPLES)()
    sys.exit(0 if all(clean) else 1)


if __name__ == "__main__":
    main()
