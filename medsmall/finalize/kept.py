"""The runs of an arm, kept together as they are."""

import hashlib
import json
import shutil
from pathlib import Path

from medsmall.finalize.before import Before
from medsmall.predict.runs import FINALS
from medsmall.record import Record

MEMBERS, FINAL = "members", "final.json"


def keep(of: Before, root: Path) -> Record:
    """The folder of the ensemble below `root`, with a copy of each run, made unless it is there.

    It is written as a record is: DONE last, and nothing is left of one that was interrupted.
    """
    keys = sorted(record.key for record in of.records)
    key = hashlib.sha256(json.dumps(["ensemble", *keys]).encode()).hexdigest()[:16]
    record = Record(root / FINALS / key)
    with record.writing() as unmade:
        if unmade:
            for one in of.records:
                one.check()
                shutil.copytree(one.folder, record.folder / MEMBERS / one.key)
            record.write_json(FINAL, {"how": "ensemble", **of.score})
    return record
