"""Arrays of an npz file; large ones stay on disk and are read row by row."""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from medsmall.errors import MedsmallError

LARGE = 256 * 2**20  # bytes; a smaller array is kept in memory


class OnDisk:
    """An array of `dtype` and `shape` in an open file, from the byte `start` on.

    Its rows are mapped one at a time. With the whole array mapped, memory would grow by every row
    read; a file position would be shared with other threads and forked processes.
    """

    def __init__(self, file: IO[bytes], dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self.file, self.start = file, file.tell()
        self.dtype, self.shape = dtype, shape
        self.row_bytes = dtype.itemsize * int(np.prod(shape[1:]))

    def __len__(self) -> int:
        """The number of rows."""
        return self.shape[0]

    def __getitem__(self, row: int) -> np.ndarray:
        """The row numbered `row`, from 0 to one less than the length; read only."""
        at = self.start + row * self.row_bytes
        return np.memmap(self.file, self.dtype, "r", at, self.shape[1:])


def read(path: Path, key: str) -> np.ndarray | OnDisk:
    """The array `key` of an npz file, unpacked in memory, or on disk where it is LARGE.

    The unpacked file has no name, and disappears with the array or the process. It lies beside
    `path`, where there should be room (or in the system's temporary folder, if that one is read
    only). Raises MedsmallError if the disk is full; zipfile, zlib and numpy raise their own errors
    for a damaged file.
    """
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{key}.npy")
        with archive.open(member) as packed:
            if member.file_size <= LARGE:
                return np.lib.format.read_array(packed, allow_pickle=False)
            file = _room_for(member.file_size, key, path.parent)
            shutil.copyfileobj(packed, file, 2**20)
    file.flush()
    file.seek(0)
    first = np.lib.format.read_magic(file) == (1, 0)
    header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(file)
    found = OnDisk(file, dtype, shape)
    if fortran or dtype.hasobject or member.file_size != found.start + len(found) * found.row_bytes:
        raise ValueError(f"'{key}' is no plain array.")
    return found


def _room_for(size: int, key: str, folder: Path) -> IO[bytes]:
    """A file without a name, in `folder` or else in the system's temporary folder."""
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    if free < size:
        raise MedsmallError(
            f"{folder.absolute()} has {free / 1e9:.1f} GB free, but unpacking {key} needs "
            f"{size / 1e9:.1f} GB: make room there, or choose a smaller dataset.size_px."
        )
    return tempfile.TemporaryFile(dir=folder)
