"""Which files are answered, and which are refused by name."""

import os

import numpy as np
import pytest
from PIL import Image

from medsmall.answer.facts import Reading
from medsmall.answer.files import images_of
from medsmall.answer.reading import has_colours, square_of
from medsmall.cache.resize import square
from medsmall.errors import MedsmallError

FILM = Reading(side=32, resize="squash", grey=True, channels=1, modality="chest x-ray")
PHOTO = Reading(side=32, resize="squash", channels=3, modality="skin")
rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (50, 40), dtype=np.uint8)
COLOUR = rng.integers(0, 256, (50, 40, 3), dtype=np.uint8)


def saved(path, pixels, **how):
    Image.fromarray(pixels).save(path, **how)
    return path


def test_a_film_is_read_as_the_training_read_it(tmp_path):
    found = square_of(saved(tmp_path / "a.png", GREY), FILM, square)
    np.testing.assert_array_equal(found, square(GREY, 32, "squash"))
    np.testing.assert_array_equal(square_of(GREY, FILM, square), found)
    as_rgb = saved(tmp_path / "rgb.png", np.dstack([GREY] * 3))
    np.testing.assert_array_equal(square_of(as_rgb, FILM, square), found)


@pytest.mark.parametrize(
    ("pixels", "reading", "said"),
    [
        (COLOUR, FILM, r"is a colour image, but the model learnt from grey images \(chest x-ray\)"),
        (GREY, PHOTO, r"is a grey image, but the model learnt from colour images \(skin\)"),
        (np.full((9, 9), 7, np.uint8), FILM, "shows nothing: each pixel is 7"),
    ],
)
def test_what_is_of_another_kind_is_refused(tmp_path, pixels, reading, said):
    path = saved(tmp_path / "wrong.png", pixels)
    with pytest.raises(MedsmallError, match=f"wrong.png {said}"):
        square_of(path, reading, square)
    with pytest.raises(MedsmallError, match=f"An image {said}"):
        square_of(pixels, reading, square)


def test_both_kinds_are_answered_where_both_were_learnt():
    reading = Reading(side=32, resize="squash")
    assert square_of(GREY, reading, square).shape == (32, 32, 1)
    assert square_of(COLOUR, reading, square).shape == (32, 32, 3)


def test_a_film_saved_as_colour_jpeg_has_no_colours(tmp_path):
    smooth = np.add.outer(np.arange(120), np.arange(100)).astype(np.uint8)
    path = saved(tmp_path / "film.jpg", np.dstack([smooth] * 3), quality=60)
    assert not has_colours(np.array(Image.open(path)))
    assert has_colours(COLOUR)
    assert not has_colours(GREY)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.png", b"", "cannot be read"),
        ("note.txt", b"no image at all", "not an image of a known format"),
        ("text.png", b"no image at all", "not an image of a known format"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MedsmallError, match=said):
        square_of(tmp_path / name, FILM, square)


def test_a_truncated_file_is_refused(tmp_path):
    path = saved(tmp_path / "cut.png", GREY)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(MedsmallError, match=r"cut.png cannot be read"):
        square_of(path, FILM, square)


def test_sixteen_bits_are_scaled_as_in_training(tmp_path):
    deep = GREY.astype(np.uint16) * 257
    found = square_of(saved(tmp_path / "deep.png", deep), FILM, square)
    np.testing.assert_array_equal(found, square(GREY, 32, "squash"))


def test_several_frames_are_refused_and_one_can_be_named(tmp_path):
    path = tmp_path / "many.tif"
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(MedsmallError, match="has 2 frames"):
        square_of(path, FILM, square)
    second = Reading(side=32, resize="squash", grey=True, frame=2)
    np.testing.assert_array_equal(square_of(path, second, square), square(255 - GREY, 32, "squash"))


@pytest.mark.parametrize("array", [GREY.astype(float), GREY[None], COLOUR[..., :2], GREY[0]])
def test_arrays_of_another_type_or_shape_are_refused(array):
    with pytest.raises(MedsmallError, match="give uint8"):
        square_of(array, FILM, square)


def dicom(path, modality):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.Modality, data.PhotometricInterpretation = modality, "MONOCHROME2"
    data.Rows, data.Columns = GREY.shape
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelData = 7, GREY.tobytes()
    data.save_as(path, enforce_file_format=True)
    return path


def test_dicom_of_another_modality_is_refused(tmp_path):
    for modality in ("DX", "CR", "OT", "SC"):
        found = square_of(dicom(tmp_path / modality, modality), FILM, square)
        np.testing.assert_array_equal(found, square(GREY, 32, "squash"))
    with pytest.raises(MedsmallError, match=r"is of the modality CT, but .* chest x-ray"):
        square_of(dicom(tmp_path / "slice.dcm", "CT"), FILM, square)


def test_files_folders_and_patterns_give_each_image_once(tmp_path):
    for name in ("b.png", "a.JPG", "deep/c.dcm", "deep/d", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    inside = ["a.JPG", "b.png", "deep/c.dcm", "deep/d"]
    assert images_of([tmp_path]) == [tmp_path / name for name in inside]
    assert images_of([f"{tmp_path}/*.png", tmp_path / "b.png"]) == [tmp_path / "b.png"]
    assert images_of([f"{tmp_path}/**/*.dcm"]) == [tmp_path / "deep/c.dcm"]
    assert images_of([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"]  # refused when read
    assert images_of([tmp_path / "absent.png"]) == [tmp_path / "absent.png"]  # so is this
    with pytest.raises(MedsmallError, match="absent.png is absent"):
        square_of(tmp_path / "absent.png", FILM, square)
    with pytest.raises(MedsmallError, match="There is no image"):
        images_of([tmp_path / "*.absent"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MedsmallError, match="holds no image"):
        images_of([tmp_path / "empty"])


def test_a_folder_is_read_whatever_else_is_in_it(tmp_path, capfd):
    saved(tmp_path / "a.png", GREY)
    dicom(tmp_path / "1.2.840.113", "DX")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "notes.txt").touch()
    names = [path.name for path in images_of([tmp_path])]
    assert names == ["1.2.840.113", "a.png", "gone.png"]
    assert "1 other files are left out, such as notes.txt" in capfd.readouterr().err
    with pytest.raises(MedsmallError, match="pipe.png is no file"):
        square_of(tmp_path / "pipe.png", FILM, square)
