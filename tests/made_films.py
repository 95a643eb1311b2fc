"""Images that look like films of patients, made in memory."""

import cv2
import numpy as np

from medsmall.cache.fingerprint import Window, difference_hash, digest
from medsmall.cache.resize import centre_square, square


class InMemory:
    """What the audit uses of `medsmall.cache.Prepared`."""

    def __init__(self, films: np.ndarray, shapes: list | None = None, resize="squash") -> None:
        self.films, self.shapes, self.resize = films, shapes, resize
        self.images = [f"{i}.png" for i in range(len(films))]
        self.digests = np.array([np.frombuffer(digest(film), np.uint8) for film in films])
        self.hashes = np.array([difference_hash(film) for film in films])

    def pixels(self, row: int) -> np.ndarray:
        return self.films[row]

    def centre(self, row: int) -> Window | None:
        """Of films that had `shapes`; without, they were square."""
        side = len(self.films[row])
        return centre_square(*(self.shapes[row] if self.shapes else (1, 1)), side, self.resize)


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


def oblong(films: np.ndarray, seed: int) -> list[np.ndarray]:
    """The same films with more to see on two sides, uint8 (s, w) or (w, s) each."""
    rng, side = np.random.default_rng(seed), films.shape[1]
    found = []
    for film, more in zip(films, textures(len(films), side, seed + 1000), strict=True):
        edge = int(rng.integers(side // 20, side // 4))
        wide = np.concatenate([more[:, :edge], film, more[:, -edge:]], axis=1)
        found.append(wide[..., 0] if rng.random() < 0.7 else wide[..., 0].T)
    return found


def resized_to(images: list[np.ndarray], side: int, resize: str) -> InMemory:
    """As a run prepares them."""
    films = np.stack([square(image, side, resize) for image in images])
    return InMemory(films, [image.shape[:2] for image in images], resize)
