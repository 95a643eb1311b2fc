import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import set_pixel_data
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from medsmall import terminal
from medsmall.dataset.images import decode
from medsmall.errors import MedsmallError

RNG = np.random.default_rng(0)
DEEP = RNG.integers(100, 900, (6, 5), dtype=np.uint16)
BYTES = RNG.integers(0, 256, (6, 5), dtype=np.uint8)


def dicom(pixels, photometric="MONOCHROME2", bits=None, syntax=ExplicitVRLittleEndian, **more):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=["x"])
    if pixels is not None:
        set_pixel_data(data, pixels, photometric, bits or 8 * pixels.itemsize)
        data.file_meta.TransferSyntaxUID = syntax
    for key, value in more.items():
        setattr(data, key, value)
    return data


def written(tmp_path, data, name="x.dcm", whole=True):
    data.save_as(tmp_path / name, enforce_file_format=whole)
    return tmp_path / name


def in_range(values, low, high):
    share = np.clip((values.astype(float) - low) / (high - low), 0, 1)
    return np.floor(share * 255 + 0.5)


def close(read, expected):
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - expected).max() <= 1


def test_eight_bits_are_shown_as_they_are_and_monochrome1_inverted(tmp_path):
    plain = decode(written(tmp_path, dicom(BYTES)))
    np.testing.assert_array_equal(plain, BYTES)
    inverse = decode(written(tmp_path, dicom(BYTES, "MONOCHROME1")))
    np.testing.assert_array_equal(inverse, 255 - BYTES)


def test_without_a_window_more_bits_span_what_is_present(tmp_path):
    close(decode(written(tmp_path, dicom(DEEP, bits=12))), in_range(DEEP, DEEP.min(), DEEP.max()))
    padded = DEEP.copy()
    padded[0, 0] = 4000
    read = decode(written(tmp_path, dicom(padded, bits=12, PixelPaddingValue=4000)))
    rest = padded != 4000
    close(read[rest], in_range(DEEP, DEEP[rest].min(), DEEP[rest].max())[rest])
    constant = decode(written(tmp_path, dicom(np.full((4, 4), 700, np.uint16), bits=12)))
    assert (constant == 0).all()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (2, 10)])
def test_a_linear_window_spans_black_to_white(tmp_path, photometric, slope, intercept):
    centre, width = 500 * slope + intercept, 401
    data = dicom(DEEP, photometric, 12, RescaleSlope=slope, RescaleIntercept=intercept)
    data.WindowCenter, data.WindowWidth = [centre, 3], [width, 1]  # the first one counts
    value = DEEP.astype(float) * slope + intercept
    share = np.clip((value - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)  # PS3.3 C.11.2.1.2.1
    expected = np.floor(255 * share + 0.5)
    close(decode(written(tmp_path, data)), 255 - expected if photometric[-1] == "1" else expected)


def test_other_window_functions(tmp_path):
    value = DEEP.astype(float)
    for function, share in {
        "LINEAR_EXACT": np.clip((value - 500) / 400 + 0.5, 0, 1),
        "SIGMOID": 1 / (1 + np.exp(-4 * (value - 500) / 400)),
    }.items():
        data = dicom(DEEP, bits=12, VOILUTFunction=function, WindowCenter=500, WindowWidth=400)
        close(decode(written(tmp_path, data)), np.floor(share * 255 + 0.5))


def test_a_voi_lut_goes_before_a_window(tmp_path):
    item = Dataset()
    item.LUTDescriptor = [1024, 0, 10]
    item.add_new("LUTData", "OW", np.arange(1023, -1, -1, dtype=np.uint16).tobytes())
    data = dicom(DEEP, bits=12, VOILUTSequence=[item], WindowCenter=5, WindowWidth=2)
    close(decode(written(tmp_path, data)), in_range(1023.0 - DEEP, 0, 1023))


def test_signed_values(tmp_path):
    signed = RNG.integers(-1000, 1000, (6, 5)).astype(np.int16)
    read = decode(written(tmp_path, dicom(signed, bits=16)))
    close(read, in_range(signed, signed.min(), signed.max()))


def test_colours_and_their_luma(tmp_path):
    colour = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    path = written(tmp_path, dicom(colour, "RGB"))
    np.testing.assert_array_equal(decode(path), colour)
    grey = decode(path, grey=True)
    assert np.abs(grey - colour @ [0.299, 0.587, 0.114]).max() <= 1
    ybr = np.dstack([BYTES, np.full((6, 5), 128, np.uint8), np.full((6, 5), 128, np.uint8)])
    close(decode(written(tmp_path, dicom(ybr, "YBR_FULL"))), np.dstack([BYTES] * 3).astype(int))


def test_a_palette_is_looked_up(tmp_path):
    index = RNG.integers(0, 4, (6, 5), dtype=np.uint8)
    lut = np.array([0, 65535, 32768, 257], np.uint16)
    more = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        more[f"{colour}PaletteColorLookupTableDescriptor"] = [4, 0, 16]
        more[f"{colour}PaletteColorLookupTableData"] = lut.tobytes()
    read = decode(written(tmp_path, dicom(index, **more)))
    close(read, np.dstack([np.floor(lut[index] / 257 + 0.5)] * 3))


@pytest.mark.parametrize("name", ["x.dcm", "x.png", "IM000001", "1.2.840.99"])
def test_the_content_decides_not_the_name(tmp_path, name):
    np.testing.assert_array_equal(decode(written(tmp_path, dicom(BYTES), name)), BYTES)


def test_without_preamble_and_header_the_suffix_decides(tmp_path):
    data = dicom(BYTES, syntax=ImplicitVRLittleEndian)
    del data.file_meta
    data.save_as(tmp_path / "x.dcm", implicit_vr=True, little_endian=True)
    assert (tmp_path / "x.dcm").read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(decode(tmp_path / "x.dcm"), BYTES)


def test_rle_and_big_endian_are_decoded(tmp_path):
    data = dicom(DEEP, bits=16)
    data.compress(RLELossless, generate_instance_uid=False)
    close(decode(written(tmp_path, data)), in_range(DEEP, DEEP.min(), DEEP.max()))
    big = dicom(DEEP.byteswap(), bits=16)
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    close(decode(written(tmp_path, big)), in_range(DEEP, DEEP.min(), DEEP.max()))


def refusal(path):
    with pytest.raises(MedsmallError) as error:
        decode(path)
    sentence = str(error.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_of_several_frames_the_middle_one_is_read_and_told_or_the_one_named(tmp_path, capfd):
    frames = RNG.integers(0, 256, (4, 6, 5), dtype=np.uint8)
    path = written(tmp_path, dicom(frames))
    terminal._told.clear()
    for _ in range(2):
        np.testing.assert_array_equal(decode(path), frames[2])
    told = capfd.readouterr().err
    assert told.count("has 4 frames: the middle one (3) is read") == 1
    np.testing.assert_array_equal(decode(path, frame=1), frames[0])
    np.testing.assert_array_equal(decode(path, frame=4), frames[3])
    with pytest.raises(MedsmallError, match="has 4 frames and no frame 5"):
        decode(path, frame=5)
    colours = RNG.integers(0, 256, (3, 6, 5, 3), dtype=np.uint8)
    path = written(tmp_path, dicom(colours, "RGB"))
    np.testing.assert_array_equal(decode(path), colours[1])


def test_no_pixels(tmp_path):
    assert "has no pixels (CT Image Storage)" in refusal(written(tmp_path, dicom(None)))


def test_a_huge_image_is_refused_before_anything_is_allocated(tmp_path):
    data = dicom(BYTES, Rows=20000, Columns=20000)
    assert "20,000 x 20,000 pixels" in refusal(written(tmp_path, data))


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless])
def test_a_compression_without_decoder_is_named_with_the_remedy(tmp_path, syntax):
    data = dicom(BYTES)
    from pydicom.encaps import encapsulate
    from pydicom.pixels import get_decoder

    if get_decoder(syntax).is_available:
        pytest.skip("its decoder is installed")
    data.PixelData = encapsulate([b"\xff\xd8" + bytes(30)])
    data["PixelData"].is_undefined_length = True
    data.file_meta.TransferSyntaxUID = syntax
    sentence = refusal(written(tmp_path, data))
    assert syntax.name in sentence
    assert "pip install python-gdcm" in sentence


def test_broken_files(tmp_path):
    whole = written(tmp_path, dicom(BYTES)).read_bytes()
    for name, content in {
        "cut.dcm": whole[:-20],
        "head.dcm": whole[:140],
        "empty.dcm": b"",
        "text.dcm": b"not found " * 40,
    }.items():
        (tmp_path / name).write_bytes(content)
        refusal(tmp_path / name)


def test_real_films_are_inverses_of_each_other(real_data):
    fake, film = sorted((real_data / "dicom").glob("*.dcm"), key=lambda p: "Fake" not in p.name)
    inverse, plain = decode(fake), decode(film, grey=True)
    assert plain.shape == (1024, 1024)
    np.testing.assert_array_equal(inverse, 255 - plain)
    # the lungs of a chest film are darker than what surrounds them, the corners apart
    assert plain[300:700, 250:400].mean() < plain[300:700, 480:560].mean()
