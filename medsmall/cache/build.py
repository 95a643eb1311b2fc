"""Fills a cache: decodes missing images on all cores, and writes them in their order."""

import errno
import hashlib
import inspect
import os
import shutil
import sqlite3
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from medsmall.answer import square as shapes
from medsmall.cache.fingerprint import difference_hash, digest
from medsmall.cache.index import Entry, Index
from medsmall.cache.prepared import Prepared
from medsmall.cache.resize import Resize, square
from medsmall.configs.machine import cores
from medsmall.dataset import Dataset, images
from medsmall.errors import MedsmallError
from medsmall.lock import held
from medsmall.terminal import progress_bar, say

CHUNK_BYTES = 32 * 2**20  # of pixels decoded before they are written: bounds the memory
CHUNK_IMAGES = 64
DECODING = ("images", "dicom", "depth", "frames")  # modules of `dataset`
Stamp = tuple[int, int]
Decoded = tuple[np.ndarray, tuple[int, int]]  # a square; height and width of what it was made of


class NotPreparedError(Exception):
    """So many images of a data set are missing in the cache."""

    def __init__(self, dataset: str, images: int) -> None:
        super().__init__(f"{images:,} images of {dataset} are not prepared.")
        self.dataset, self.images = dataset, images


def prepare(
    dataset: Dataset,
    names: list[str],
    side: int,
    folder: Path,
    unreadable: dict[str, str] | None = None,
    *,
    resize: Resize = "squash",
    decode: bool = True,
) -> Prepared:
    """The images `names` of the table of `dataset` as squares of `side` px, each decoded once.

    `resize` is the way to a square, see `medsmall.cache.resize`. `folder` holds the caches of all
    data sets. Processes that need the same images at the same time decode them once. Raises
    MedsmallError for the first unreadable image, or, if `unreadable` is given, notes all of them
    there (name -> sentence) and leaves them out. Raises it for a full disk, too. Without `decode`
    it raises NotPreparedError if an image is missing in the cache.
    """
    stamps = _stamps(dataset, names)
    pixels = cache_file(dataset, side, folder, resize)
    index = Index(pixels.with_suffix(".sqlite"))
    found = _valid(index, pixels, side, stamps)
    if len(found) < len(stamps):
        if not decode:
            raise NotPreparedError(dataset.name, len(stamps) - len(found))
        writable(pixels.parent)
        with held(pixels.with_suffix(".lock"), f"The cache {pixels.stem}"):
            found = _valid(index, pixels, side, stamps)  # another process may have been faster
            lacking = [image for image in stamps if image not in found]
            _fill(dataset, lacking, stamps, side, resize, pixels, index, unreadable)
            found = _valid(index, pixels, side, stamps)
        if lost := stamps.keys() - found.keys() - (unreadable or {}).keys():
            raise index.damaged(f"it has lost {min(lost)}")
    return Prepared(pixels, side, [found[name] for name in names if name in found], resize)


def writable(folder: Path) -> None:
    """Make the folder, checked for writing: a lock would wait for ever in one like /proc."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        if _is_full(error):
            raise
        raise MedsmallError(
            f"Prepared images and features cannot be written to {folder} ({error.strerror}): set "
            "cache_root to a folder that can be written to."
        ) from error


def cache_file(dataset: Dataset, side: int, folder: Path, resize: Resize) -> Path:
    """The file of the pixels, named by what decides them: options, root, size and code."""
    reader = Path(inspect.getfile(type(dataset.files)))
    decoding = [Path(images.__file__).with_name(f"{name}.py") for name in DECODING]
    kept = [Path(inspect.getfile(part)) for part in (digest, square, shapes, Index)]
    code = [reader, *decoding, *kept]
    identity = hashlib.sha256(b"".join(file.read_bytes() for file in code if file.is_file()))
    options = [dataset.files.root.absolute(), dataset.files.reading, side, resize]
    identity.update("|".join(map(str, options)).encode())
    name = f"{dataset.name}-{side}px-{identity.hexdigest()[:8]}.u8"
    return folder.expanduser().absolute() / name


def _stamps(dataset: Dataset, images: list[str]) -> dict[str, Stamp]:
    """Size and time of the file of each image: another file, another image.

    The time is that of the last change plus that of the last change of the entry in the folder
    (ctime): two files of one size and time that exchange their names are other images, too.
    """
    files = {image: dataset.files.file(image) for image in images}
    known: dict[Path, Stamp] = {}
    for file in set(files.values()):
        try:
            status = file.stat()
            known[file] = status.st_size, status.st_mtime_ns + status.st_ctime_ns
        except OSError:
            known[file] = (-1, -1)  # absent, so never in the cache: reading it gives the error
    return {image: known[file] for image, file in files.items()}


def _valid(index: Index, pixels: Path, side: int, stamps: dict[str, Stamp]) -> dict[str, Entry]:
    """What the cache has of the images as they are now."""
    entries = index.entries(stamps)
    end = index.end(side)  # first: another process may be writing, the pixels before the index
    if not pixels.is_file() or pixels.stat().st_size < end:
        return {}
    return {name: e for name, e in entries.items() if (e.size, e.time) == stamps[name]}


def _fill(
    dataset: Dataset,
    images: list[str],
    stamps: dict[str, Stamp],
    side: int,
    resize: Resize,
    pixels: Path,
    index: Index,
    unreadable: dict[str, str] | None,
) -> None:
    """Decode `images` and add them to the cache, chunk by chunk."""
    if not pixels.is_file() or pixels.stat().st_size < index.end(side):
        pixels.unlink(missing_ok=True)  # truncated from outside: start again
        index.file.unlink(missing_ok=True)
    if not images:
        return
    _check_room(len(images) * side**2, pixels.parent)
    done, started = 0, time.monotonic()
    with open(pixels, "ab", buffering=0) as file, progress_bar() as bar:
        file.seek(file.truncate(index.end(side)))  # a killed process may have left a tail
        task = bar.add_task(f"Preparing {dataset.name}", total=len(images), note="")
        try:
            for chunk in _decoded(dataset, images, side, resize, unreadable):
                index.add(_written(file, chunk, stamps))
                done += len(chunk)
                rate = done / (time.monotonic() - started)
                bar.update(task, advance=len(chunk), note=f"{rate:,.0f} images/s")
        except (OSError, sqlite3.OperationalError) as error:
            file.truncate(index.end(side))
            if not _is_full(error):
                raise
            raise MedsmallError(
                f"The disk of {pixels.parent} is full after {done:,} of {len(images):,} images: "
                "make room there, or set cache_root to a folder elsewhere; images prepared so far "
                "are kept."
            ) from error
    seconds = time.monotonic() - started
    if seconds > 5:
        say(f"Prepared {done:,} images of {dataset.name} in {seconds:,.0f} s ({pixels}).")


def _decoded(
    dataset: Dataset,
    images: list[str],
    side: int,
    resize: Resize,
    unreadable: dict[str, str] | None,
) -> Iterator[dict[str, Decoded]]:
    """The images in chunks, in order; the next chunk is being decoded while one is written."""

    def read(image: str) -> Decoded | None:
        try:
            whole = dataset.files.read(image)
            return square(whole, side, resize), (whole.shape[0], whole.shape[1])
        except MedsmallError as error:
            if unreadable is None:
                raise
            unreadable[image] = str(error)
            return None

    size = max(1, min(CHUNK_IMAGES, CHUNK_BYTES // (3 * side**2)))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # those of the pool are as many as there are cores
    with ThreadPoolExecutor(cores() + 1) as pool:  # one thread may wait for a file
        try:
            ahead: deque[dict[str, Future[Decoded | None]]] = deque()
            for start in range(0, len(images) + size, size):  # the last round submits nothing
                chunk = images[start : start + size]
                ahead.append({image: pool.submit(read, image) for image in chunk})
                if len(ahead) == 2:
                    results = {name: future.result() for name, future in ahead.popleft().items()}
                    yield {name: image for name, image in results.items() if image is not None}
        finally:
            pool.shutdown(cancel_futures=True)
            cv2.setNumThreads(threads)


def _written(file: BinaryIO, chunk: dict[str, Decoded], stamps: dict[str, Stamp]) -> list[Entry]:
    """Append the pixels of a chunk, down to the disk; its entries for the index."""
    entries = []
    for image, (pixels, shape) in chunk.items():
        dhash = difference_hash(pixels).tobytes()
        place = file.tell(), pixels.shape[2]
        entries.append(Entry(image, *place, *stamps[image], *shape, digest(pixels), dhash))
        rest = memoryview(pixels.tobytes())
        while rest:  # unbuffered: nothing is left to be written when a full disk ends this
            rest = rest[file.write(rest) :]
    os.fsync(file.fileno())
    return entries


def _check_room(bytes_needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < bytes_needed:
        raise MedsmallError(
            f"Preparing the images needs {bytes_needed / 2**30:,.1f} GiB, but {folder} has "
            f"{free / 2**30:,.1f} GiB free: make room, set cache_root to a folder elsewhere, or a "
            "smaller image_size_px."
        )


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return "full" in str(error)  # SQLite tells it in words
