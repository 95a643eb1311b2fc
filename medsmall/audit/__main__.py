"""Audit a data set: ``python -m medsmall.audit dataset=chestxray14``.

Exit status 0: nothing found; 1: contamination or faults that audit.allow does not name; 2: a
mistake on the command line. The first line says what was not checked, such as unknown patients.
"""

import sys

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
    """Audit the data set of `cfg`; write and print the findings.

    True if there are only notices and findings that audit.allow names.

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
    from medsmall.audit.patients import unknown_patients
    from medsmall.audit.readable import readable
    from medsmall.dataset.opening import open_table
    from medsmall.dataset.patients import not_checked, unknown
    from medsmall.terminal import console

    # rows: the images and their parts
    if cfg.choices.split != "auto":
        build(cfg.split)  # refuse values out of range before anything is read
    dataset, table = open_table(cfg)
    if cfg.choices.split == "auto":  # audit a published split even if it is unusable
        published = (table["split"].fillna("") != "").any()
        cfg = with_options(cfg, {"split": "official" if published else "stratified"})
    split = build(cfg.split)
    table["part"], note, across = parts(split, table, dataset.targets)
    labels = [label for label in dataset.labels if label in table]
    without = unknown(dataset, table)
    unchecked = not_checked(len(table), without)

    # images: the readable ones, in the order of the rows
    unreadable: dict[str, str] = {}
    prepared, rows = readable(cfg, dataset, table, unreadable)

    # checks
    identical, same = identical_images(dataset, prepared, rows)
    near, alike, calibration = near_duplicates(prepared, rows, same)
    kind = "body_part" if "body_part" in rows else None
    found = together(
        [
            unknown_patients(unchecked, without),
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
        "patients": None if without == len(table) else int(table["patient"].nunique()),
        "images_of_unknown_patients": without,
        "near_duplicates": report.calibration_facts(calibration),
    }
    nothing = not len(not_allowed(found, allow))
    parted = bool((table["part"] != "").all())
    report.write(folder, found, allow, facts, whole=parted and not unchecked)
    what = unchecked or f"{len(table):,} images of {facts['patients']:,} patients"
    what += "" if parted else "; leakage between train and test was NOT checked"
    verdict = report.verdict(nothing, whole=parted and not unchecked)
    for line in (
        f"Audit of {dataset.name}{' (phantom)' if cfg.phantom else ''}: {what}; {verdict}.",
        report.as_table(found, allow),
        *report.examples(found),
        str(calibration),
        *([note] if note else []),
        f"Findings: {folder / 'findings.csv'}",
    ):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    return nothing


def main() -> None:
    """The command."""
    nothing: list[bool] = []
    as_command(lambda cfg: nothing.append(audit(cfg)), str(__doc__), EXAMPLES)()
    sys.exit(0 if all(nothing) else 1)


if __name__ == "__main__":
    main()
