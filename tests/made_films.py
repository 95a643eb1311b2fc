"""Images that look like films of patients, made in memory."""

import cv2
import numpy as np

from medsmall.cache.fingerprint import difference_hash, digest


class InMemory:
    """What the audit uses of `medsmall.cache.Prepared`."""

    def __init__(self, films: np.ndarray) -> None:
        self.films = films
        self.images = [f"{i}.png" for i in range(len(films))]
        self.digests = np.array([np.frombuffer(digest(film), np.uint8) for film in films])
        self.hashes = np.array([difference_hash(film) for film in films])

    def pixels(self, row: int) -> np.ndarray:
        return self.films[row]


def textures(n: int, side: int, seed: int, shared: float = 1.0) -> np.ndarray:
    """`n` films: the same large anatomy, seen by all, and details of their own, uint8 (n, s, s, 1).

    `shared` is the contrast of details that all films have in common, as ribs are.
    """
    rng = np.random.default_rng(seed)
    common = np.random.default_rng(99)
    anatomy = cv2.GaussianBlur(common.normal(size=(side, side)), (0, 0), side / 8)
    ribs = cv2.GaussianBlur(common.normal(size=(side, side)), (0, 0), side / 40)
    films = []
    for _ in range(n):
        body = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), side / 10)
        detail = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), side / 50)
        film = 35 * anatomy / anatomy.std() + 15 * body / body.std()
        film += shared * 8 * ribs / ribs.std() + 12 * detail / detail.std()
        films.append(np.clip(film + 128, 0, 255).astype(np.uint8))
    return np.stack(films)[..., None]
