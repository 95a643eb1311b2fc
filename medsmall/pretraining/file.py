"""Weights from a file."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from omegaconf import DictConfig

from medsmall.audit.provenance import Seen, of_file
from medsmall.audit.releases import DERIVED, folded
from medsmall.audit.seen import patients_of_run, seen_by_run
from medsmall.backbone.weights import Weights
from medsmall.case import Case, Source
from medsmall.configs import options
from medsmall.errors import AbsentWeightsError, MedsmallError
from medsmall.pretraining.prefix import without_prefix
from medsmall.pretraining.tensors import file_sha256, read_tensors, statistics, tensors_sha256
from medsmall.record import Record


class WeightsFile:
    """A run's model.safetensors, or a PyTorch state dict.

    Args:
        path: the file.
        mean, std: statistics of grey levels in 0..1 it was trained with, one number for all
            channels or three; null: those written in a safetensors file, else the backbone's.
        trained_on: name of the data set it was trained on, or unknown; a run's model.safetensors
            knows it, in any folder.
        allow_test_overlap: go on although it has seen patients or images of the test split, or
            unknown patients of the same data set.
        prefix: what comes before the network's own names in the file, such as `encoder.`; tensors
            of other names are left out. null: nothing.
    """

    def __init__(
        self,
        path: str,
        mean: float | list[float] | None,
        std: float | list[float] | None,
        trained_on: str,
        allow_test_overlap: bool = False,
        prefix: str | None = None,
    ) -> None:
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise AbsentWeightsError(f"pretraining.path: there is no file {self.path.absolute()}.")
        self.mean, self.std = _three(mean), _three(std)
        if self.std and not min(self.std) > 0:
            raise MedsmallError(f"pretraining.std must be above 0, but is {std}.")
        names = {folded(name): name for name in [*options("dataset"), *DERIVED]}
        self.trained_on = names.get(folded(trained_on), trained_on)  # ChestX-ray14 is chestxray14
        self.allow_test_overlap = allow_test_overlap
        self.prefix = f"{prefix.rstrip('.')}." if prefix else ""

    def reach(self, cfg: DictConfig) -> None:
        """Nothing is fetched."""

    def source(self, cfg: DictConfig, resolve: Callable[[DictConfig], Case]) -> Source:
        """The file's tensors; its statistics unless others were given."""
        name = f"file {self.path.name}"
        fingerprint = tensors_sha256(self.path)
        record = self._record(fingerprint)
        said = None if record else of_file(self.path)
        said = said or (Seen(self.trained_on, None),)
        return Source(
            name,
            f"{fingerprint} {statistics(self.path)} {self.prefix}".rstrip(),
            open=lambda: self._weights(name, fingerprint, record),
            patients=cache(lambda: patients_of_run(record) if record else said),
            seen=lambda: seen_by_run(record) if record else said,
            record=record,
            allow_test_overlap=self.allow_test_overlap,
            provenance=lambda: {"file": str(self.path), "sha256": file_sha256(self.path)},
        )

    def _record(self, fingerprint: str) -> Record | None:
        """The record that holds the file, perhaps through a link; it must be complete."""
        file = self.path.resolve()
        ours = file.name == "model.safetensors" and (file.parent / "draw.csv").is_file()
        if not ours:
            return None
        record = Record.open(file.parent)
        if record.metrics.get("weights_sha256", fingerprint) != fingerprint:
            raise MedsmallError(
                f"{self.path} differs from what its run recorded (sha256 of the weights): train "
                "the run again, or copy the file elsewhere and set pretraining.trained_on."
            )
        return record

    def _weights(self, name: str, fingerprint: str, record: Record | None) -> Weights:
        if record:
            record.check(record.model.name)  # what its metadata say, too
        if tensors_sha256(self.path) != fingerprint:
            raise MedsmallError(f"{self.path} has changed since the run began: start it again.")
        written = statistics(self.path)
        return Weights(
            name,
            lambda network: without_prefix(read_tensors(self.path), self.prefix, network, name),
            mean=self.mean or written.get("mean"),
            std=self.std or written.get("std"),
        )


def _three(value: float | list[float] | None) -> list[float] | None:
    if value is None:
        return None
    values = [value] * 3 if isinstance(value, float | int) else list(value)
    if len(values) != 3:
        raise MedsmallError(
            f"pretraining.mean and pretraining.std take one number or three, not {values}."
        )
    return values
