"""The encoding of a user's table: UTF-8, UTF-16, UTF-32, or else Windows-1252, by the line."""

import gzip
import re
import zlib
from pathlib import Path

from medsmall.dataset.remedies import remedy
from medsmall.errors import MedsmallError
from medsmall.terminal import say_once

# UTF-32 goes first: its mark begins with that of UTF-16.
MARKS = {
    b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}  # fmt: skip
NO_TEXT = "[\x00-\x08\x0e-\x1f\x7f-\x9f]"  # what a wrong guess makes of other bytes
LOOKED_AT = 10_000  # bytes in which UTF-16 without a mark is looked for


def text_of(path: Path) -> str:
    """The text of a file, plain or .gz; a notice names an assumed encoding other than UTF-8.

    Windows-1252 holds all characters of latin-1 that people write. MedsmallError if the file cannot
    be read, is not text, or has bytes that Windows-1252 does not define.
    """
    content = _content(path)
    encoding, why = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise MedsmallError(
                f"{path.absolute()} is not {encoding}, although it has {why}: "
                f"{remedy(path, 'save it as UTF-8 (in Excel: CSV UTF-8)')}."
            ) from None
        text, encoding, why = _western(path, content, error)
    if re.search(NO_TEXT if encoding != "utf-8-sig" else "\0", text):
        told = remedy(path, "name a CSV or Parquet file")
        raise MedsmallError(f"{path.absolute()} is not a text file: {told}.")
    if encoding != "utf-8-sig":
        say_once(f"{path.name} is read as {encoding} ({why}){_example(text)}.")
    return text


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error or "cut off"
        raise MedsmallError(
            f"{path.absolute()} cannot be read ({reason}): {remedy(path)}."
        ) from None


def _encoding(content: bytes) -> tuple[str, str]:
    """The encoding by the marks in `content`, and the marks in words."""
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return encoding, "its byte order mark"
    even, odd = content[:LOOKED_AT:2], content[1:LOOKED_AT:2]
    for letters, zeros, encoding in ((even, odd, "UTF-16-LE"), (odd, even, "UTF-16-BE")):
        # of Latin letters, digits and separators every second byte is 0, and no other one
        if zeros and not letters.count(0) and zeros.count(0) > len(zeros) / 2:
            return encoding, "zeros in every second byte"
    return "utf-8-sig", ""


def _western(path: Path, content: bytes, error: UnicodeDecodeError) -> tuple[str, str, str]:
    """The text, its encoding and why: UTF-8 in the lines that are, Windows-1252 in the others.

    A file that two programs wrote holds both; read as one of them, the names of one patient would
    differ.
    """
    lines, utf, western = [], 0, 0
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            lines.append(line.decode())
            utf += not line.isascii()
        except UnicodeDecodeError:
            lines.append(_western_line(path, line, number, error))
            western += 1
    text = "\n".join(lines)
    if not utf:
        return text, "Windows-1252", "it is not UTF-8"
    counts = f"{utf:,} in UTF-8, {western:,} in Windows-1252"
    return text, "UTF-8 and Windows-1252", f"lines with special characters: {counts}"


def _western_line(path: Path, line: bytes, number: int, error: UnicodeDecodeError) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError as second:
        byte = line[second.start]
    save = "save it as UTF-8 (in Excel: CSV UTF-8), or convert it with iconv -t UTF-8"
    raise MedsmallError(
        f"{path.absolute()} is neither UTF-8 nor Windows-1252 (byte 0x{byte:02x} in line "
        f"{number}): {remedy(path, save)}."
    ) from error


def _example(text: str) -> str:
    """A word with special characters, so that people see whether the encoding is right."""
    word = re.search(r"\w*[^\W\x00-\x7f]\w*", text)
    return f", such as '{word[0][:40]}'" if word else ""
