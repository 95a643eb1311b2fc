"""Remedies for absent or damaged files; files of a phantom are generated again."""

import re
from pathlib import Path

DROP = "dataset.missing_images=drop"
TRY = "try everything on generated images with phantom=true"
# As `medsmall.dataset.opening.phantom_root` names the folder of a phantom.
_PHANTOM = re.compile(r"(.*[/\\]phantoms[/\\][^/\\]+-\d+-[0-9a-f]{8})(?:[/\\]|$)")


def remedy(path: Path, otherwise: str = "get it again") -> str:
    """The remedy for the damaged or absent file `path`: `otherwise`, except for a generated one."""
    phantom = _PHANTOM.match(str(Path(path).absolute()))
    if phantom:
        return f"delete the folder {phantom[1]}, and the same command generates it again"
    return otherwise
