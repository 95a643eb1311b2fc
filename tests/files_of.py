"""The image files behind the rows of a record."""

from omegaconf import OmegaConf

from medsmall.configs import literal
from medsmall.dataset.opening import open_dataset


def files_of(record, rows):
    """The files of some images of its data set."""
    dataset = open_dataset(OmegaConf.create(literal(record.config)))
    return [dataset.files.file(image) for image in rows["image"]]
