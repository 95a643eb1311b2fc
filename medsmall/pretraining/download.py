"""Files of releases, fetched once and whole."""

import shutil
import urllib.request
from http.client import HTTPException
from pathlib import Path

from medsmall.atomic import write_whole
from medsmall.errors import AbsentWeightsError
from medsmall.waiting import answered

PATIENCE_S = 3.0  # a reachable server answers sooner
STALLED_S = 60.0  # without a byte, in the middle of a file


def reachable(url: str) -> bool:
    """Whether the server of `url` answers within PATIENCE_S, through a proxy if one is set."""

    def ask() -> bool:
        try:
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                return True
        except (OSError, HTTPException):
            return False

    return answered(ask, PATIENCE_S)


def download(url: str, file: Path) -> None:
    """Fetch `url` into `file`, and make its folder; MedsmallError where that fails."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, lambda temporary: _fetch(url, temporary))
    except (OSError, HTTPException) as error:
        raise AbsentWeightsError(
            f"{url} could not be fetched ({error or type(error).__name__}): download it as {file}."
        ) from error


def _fetch(url: str, file: Path) -> None:
    with urllib.request.urlopen(url, timeout=STALLED_S) as answer, open(file, "wb") as opened:
        shutil.copyfileobj(answer, opened)
        promised = answer.headers.get("Content-Length")
    if promised and int(promised) != (size := file.stat().st_size):
        raise OSError(f"{size:,} of {int(promised):,} bytes arrived")
