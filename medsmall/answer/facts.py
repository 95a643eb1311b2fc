"""What is known of a model beside its network: how to read images, and what outputs mean."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.answer.look import Familiar
from medsmall.evaluation.calibration import Calibration

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """How a file becomes the square that the network is shown.

    Attributes:
        side: its edge in px.
        resize: the way to a square, see `medsmall.cache.resize`.
        grey: True reads every image as grey, False as RGB, None as the file is.
        span: the values that become black and white in 16-bit grey; None: 0 and 65535.
        frame: number of the frame, from 1; None: DICOM's middle frame.
        channels: 1 if all training images were grey, 3 if all had colours; None: both, or unknown.
        modality: of the data set, one of `medsmall.dataset.MODALITIES`.
    """

    side: int
    resize: str
    grey: bool | None = None
    span: tuple[float, float] | None = None
    frame: int | None = None
    channels: int | None = None
    modality: str = "other"


@dataclass(frozen=True, eq=False)
class Facts:
    """Of one trained network.

    Attributes:
        name: of the model, for people.
        dataset: what it was trained on.
        unit: whose images are answered together: "image", or "study" for those of one folder.
        task: "binary", "multilabel", "multiclass" or "regression".
        targets: the K outputs.
        negatives: what a finding is called where it is absent, instead of "no <finding>".
        thresholds: from which probability on a finding is called; {} for classes and numbers.
        calibration: of the probabilities, fitted on validation.
        uncalibrated: why there is none.
        familiar: the look of its training images; None where that was not recorded.
        alpha, limits: sets of classes miss the truth in the share `alpha`: a class is in if 1 - its
            probability is at most the limit. One limit for exclusive classes; two for each finding,
            of absent and present.
    """

    name: str
    dataset: str
    unit: str
    task: str
    targets: list[str]
    reading: Reading
    thresholds: dict[str, float | None]
    negatives: dict[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    uncalibrated: str = ""
    familiar: Familiar | None = None
    alpha: float | None = None
    limits: list[list[float]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain containers, as `of_json` reads them."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        found["reading"] = asdict(self.reading)
        for name in ("calibration", "familiar"):
            found[name] = found[name] and found[name].as_json()
        return found

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> "Facts":
        """What `as_json` gave."""
        reading = dict(content["reading"])
        reading["span"] = reading["span"] and tuple(reading["span"])
        made: dict[str, Any] = {"reading": Reading(**reading)}
        for name, kind in (("calibration", Calibration), ("familiar", Familiar)):
            made[name] = content[name] and kind.of_json(content[name])
        return cls(**{**content, **made})
