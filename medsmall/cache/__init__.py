"""Decoded images on disk: each is decoded and resized once, for all runs, seeds and processes.

``prepare(dataset, images, side, folder) -> Prepared`` decodes what is not there yet and gives the
images as views of one memory-mapped file. A cache is two files in `folder`:

- ``<name>.u8``: squares of `side` px, uint8, one after the other, grey ones with one channel;
- ``<name>.sqlite``: which image lies where, with the size and time of the file it was read from,
  the shape it had, a digest of its pixels and a difference hash (`medsmall.cache.fingerprint`).

The name tells what decides the content besides the files: data set, root, side, how images become
squares, the code of it. Pixels are held against their digest when they are first used. An
image whose file has changed since is decoded again, and lies at another place: a process that
reads the old one is not disturbed. Pixels are on the disk before the index names them, so a
process that is killed loses no more than its last seconds.
"""

from medsmall.cache.build import cache_file, prepare
from medsmall.cache.prepared import Prepared
from medsmall.cache.resize import Resize

__all__ = ["Prepared", "Resize", "cache_file", "prepare"]
