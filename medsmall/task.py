"""The task: the kind of the targets."""

from collections.abc import Sequence
from enum import StrEnum


class Task(StrEnum):
    """The kind of the targets of a run: what they hold, and how outputs become predictions.

    BINARY: one target of 1, 0 or NaN (unknown); a sigmoid. MULTILABEL: several such, each alone.
    MULTICLASS: several, exactly one of them 1 (or all unknown); a softmax. REGRESSION: any finite
    numbers, in the unit that the data set names; the output itself.
    """

    BINARY = "binary"
    MULTILABEL = "multilabel"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @classmethod
    def of_findings(cls, targets: Sequence[str]) -> "Task":
        """The task of targets that may occur together: binary, or multilabel."""
        return cls.BINARY if len(targets) == 1 else cls.MULTILABEL

    @classmethod
    def of_classes(cls, targets: Sequence[str]) -> "Task":
        """The task of classes of which an image has one: multiclass, or one against the rest."""
        return cls.BINARY if len(targets) == 1 else cls.MULTICLASS
