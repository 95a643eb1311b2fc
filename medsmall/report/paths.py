"""Text without the folders of a machine."""

import re
from collections.abc import Collection
from pathlib import PurePath

# folders from a root, a home or a drive, or of a file: address; their names may have spaces
ROOTED = re.compile(
    r"(?<![^\s=,;(\[{'\"])(?:file:(?=/)|~[^/\\\s]*|[A-Za-z]:)?[/\\]+"
    r"(?:[^/\\,;'\"()\[\]{}]+[/\\]+)*(?=\S)"
)
# folders from one above, or two and more
RELATIVE = re.compile(
    r"(?<![^\s=,;(\[{'\"])(?:\.\.?[/\\]+|[\w.-]+[/\\]+(?=[\w.-]+[/\\]))(?:[\w.-]+[/\\]+)*(?=\S)"
)


def without_paths(text: str, known: Collection[str] = ()) -> str:
    """A text in which each path of a machine is cut to its last part; `known` are some of them.

    An address such as https://... stays.
    """
    for path in sorted(known, key=len, reverse=True):
        text = text.replace(path, PurePath(path.replace("\\", "/")).name)
    return RELATIVE.sub("", ROOTED.sub("", text))
