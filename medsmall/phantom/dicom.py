"""Generated images as DICOM: the same bytes on every system."""

from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import set_pixel_data
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from medsmall.phantom.drawing import Array


def save_dicom(pixels: Array, path: Path) -> None:
    """Write (H, W) grey uint8 pixels as a secondary capture."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = SecondaryCaptureImageStorage
    data.SOPInstanceUID = generate_uid(entropy_srcs=[path.name])
    set_pixel_data(data, pixels, "MONOCHROME2", 8)
    data.save_as(path, enforce_file_format=True)
