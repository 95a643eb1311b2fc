"""Decoded images on disk: each is decoded and resized once for all runs, seeds and processes.

``prepare(dataset, images, side, folder) -> Prepared`` decodes missing images and gives all images
as views of one memory-mapped file. A cache is two files in `folder`:

- ``<name>.u8``: squares of `side` px, uint8, one after the other, grey ones with one channel;
- ``<name>.sqlite``: the place of each image, with the size and time of its source file, its
  original shape, a digest of its pixels and a difference hash (`medsmall.cache.fingerprint`).

The name covers what decides the content besides the files: data set, root, side, resizing, and the
code of it. Pixels are compared with their digest at first use. An image whose file has changed is
decoded again to another place, so that processes reading the old one are not disturbed. Pixels
reach the disk before the index names them, so a killed process loses only its last seconds.
"""

from medsmall.cache.build import NotPreparedError, cache_file, prepare, writable
from medsmall.cache.prepared import Prepared
from medsmall.cache.resize import Resize

__all__ = ["NotPreparedError", "Prepared", "Resize", "cache_file", "prepare", "writable"]
