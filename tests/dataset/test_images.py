import re
import struct
import time

import numpy as np
import pytest
from PIL import Image

from medsmall import terminal
from medsmall.dataset.images import MAX_PIXELS, decode
from medsmall.errors import MedsmallError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 5), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (7, 5, 3), dtype=np.uint8)


def saved(tmp_path, image, name="x.png"):
    image.save(tmp_path / name)
    return tmp_path / name


def test_grey_and_colour_come_back_as_they_are(tmp_path):
    for pixels in (GREY, COLOUR):
        read = decode(saved(tmp_path, Image.fromarray(pixels)))
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_alpha_is_dropped_not_blended(tmp_path, alpha):
    veil = np.full((7, 5, 1), alpha, np.uint8)
    rgba = saved(tmp_path, Image.fromarray(np.concatenate([COLOUR, veil], axis=2)))
    np.testing.assert_array_equal(decode(rgba), COLOUR)
    la = saved(tmp_path, Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(veil[..., 0])]))
    np.testing.assert_array_equal(decode(la), GREY)


def test_equal_channels_turn_grey_exactly(tmp_path):
    for channels in (3, 4):
        path = saved(tmp_path, Image.fromarray(np.dstack([GREY] * channels)))
        np.testing.assert_array_equal(decode(path, grey=True), GREY)


@pytest.mark.parametrize("transparency", [None, 0, 200])
def test_palette_is_looked_up(tmp_path, transparency):
    image = Image.fromarray(GREY).convert("P")
    image.putpalette(np.repeat(np.arange(256, dtype=np.uint8)[::-1], 3).tobytes())
    extra = {} if transparency is None else {"transparency": transparency}
    image.save(tmp_path / "x.png", **extra)
    np.testing.assert_array_equal(decode(tmp_path / "x.png", grey=True), 255 - GREY)


def test_16_bit_is_scaled_to_the_nearest_of_8(tmp_path):
    deep = np.array([[0, 128, 129, 257, 32767, 65535]], dtype=np.uint16)
    path = saved(tmp_path, Image.fromarray(deep))
    np.testing.assert_array_equal(decode(path), [[0, 0, 1, 1, 127, 255]])
    wide = saved(tmp_path, Image.fromarray(deep.astype(np.int32)), "x.tiff")
    np.testing.assert_array_equal(decode(wide), [[0, 0, 1, 1, 127, 255]])


def test_a_range_spans_black_to_white_and_what_lies_beyond_is_clipped_and_told(tmp_path, capfd):
    deep = np.array([[0, 1024, 2048, 4095]], dtype=np.uint16)
    path = saved(tmp_path, Image.fromarray(deep))
    terminal._told.clear()
    np.testing.assert_array_equal(decode(path, span=(0, 4095)), [[0, 64, 128, 255]])
    assert capfd.readouterr().err == ""
    for _ in range(2):
        np.testing.assert_array_equal(decode(path, span=(1024, 2048)), [[0, 0, 255, 255]])
    assert capfd.readouterr().err.count("values from 0 to 4095") == 1
    signed = saved(tmp_path, Image.fromarray(np.array([[-1000, 1000]], np.int32)), "x.tiff")
    np.testing.assert_array_equal(decode(signed, span=(-1000, 1000)), [[0, 255]])
    shares = np.array([[0, 0.5, 1]], np.float32)
    path = saved(tmp_path, Image.fromarray(shares), "y.tiff")
    np.testing.assert_array_equal(decode(path, span=(0, 1)), [[0, 128, 255]])
    lacking = saved(tmp_path, Image.fromarray(np.full((1, 2), np.nan, np.float32)), "z.tiff")
    with pytest.raises(MedsmallError, match="NaN or infinite pixels"):
        decode(lacking, span=(0, 1))
    eight = saved(tmp_path, Image.fromarray(GREY), "eight.png")
    np.testing.assert_array_equal(decode(eight, span=(0, 4095)), GREY)


@pytest.mark.parametrize(("photometric", "expected"), [(0, [255, 127, 0]), (1, [0, 128, 255])])
def test_a_tiff_whose_white_is_zero_is_inverted(tmp_path, photometric, expected):
    """Pillow heeds the tag for 8 bits alone; it is patched, as Pillow writes only 1."""
    file = tmp_path / "deep.tif"
    Image.fromarray(np.array([[0, 32896, 65535]], np.uint16)).save(file)
    content = file.read_bytes()
    (entry,) = re.finditer(re.escape(struct.pack("<HHI", 262, 3, 1)), content)
    at = entry.end()
    file.write_bytes(content[:at] + struct.pack("<H", photometric) + content[at + 2 :])
    assert decode(file).tolist() == [expected]


def test_one_bit_becomes_black_and_white(tmp_path):
    path = saved(tmp_path, Image.fromarray(GREY > 127))
    np.testing.assert_array_equal(decode(path), np.where(GREY > 127, 255, 0))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.ones((2, 2), np.float32), "floating-point"),
        (np.full((2, 2), 70000, np.int32), "outside 0 to 65535"),
    ],
)
def test_pixels_of_unknown_range_are_refused(tmp_path, pixels, message):
    with pytest.raises(MedsmallError, match=message):
        decode(saved(tmp_path, Image.fromarray(pixels), "x.tiff"))


def broken_files(tmp_path):
    whole = saved(tmp_path, Image.fromarray(RNG.integers(0, 256, (64, 64), np.uint8)), "a.png")
    jpeg = saved(tmp_path, Image.fromarray(RNG.integers(0, 256, (64, 64), np.uint8)), "a.jpg")
    damaged = bytearray(whole.read_bytes())
    damaged[60:90] = bytes(30)
    return {
        "empty.png": b"",
        "cut.png": whole.read_bytes()[:1500],
        "cut.jpg": jpeg.read_bytes()[:800],
        "header.png": whole.read_bytes()[:20],
        "damaged.png": bytes(damaged),
        "text.png": b"<html>404 not found</html>",
    }


def test_unreadable_files_are_named_in_full(tmp_path):
    for name, content in broken_files(tmp_path).items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MedsmallError, match="get it again") as error:
            decode(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)


def test_an_absent_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(MedsmallError, match="missing_images=drop") as error:
        decode(tmp_path / "none.png")
    assert str(tmp_path / "none.png") in str(error.value)


def test_cmyk_is_turned_to_rgb(tmp_path):
    # flat fields: JPEG is not exact elsewhere
    for cmyk, rgb in {(0, 0, 0, 0): 255, (0, 0, 0, 255): 0, (0, 0, 0, 128): 127}.items():
        for name in ("x.jpg", "x.tiff"):  # Pillow writes the JPEG inverted, as Adobe does
            path = saved(tmp_path, Image.new("CMYK", (16, 16), cmyk), name)
            read = decode(path).astype(int)
            assert read.shape == (16, 16, 3)
            assert np.abs(read - rgb).max() <= 2, (cmyk, name)
    cyan = decode(saved(tmp_path, Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "x.jpg")).astype(int)
    assert np.abs(cyan - [0, 255, 255]).max() <= 2


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_read_upright(tmp_path, suffix, orientation):
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :8] = 255  # a white corner at the top left
    turned = {  # how the camera stores it: rows and columns of EXIF 2.3, tag 0x0112
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright),
        7: upright.transpose(1, 0, 2)[::-1, ::-1], 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(turned))
    image.save(tmp_path / f"x{suffix}", exif=exif, quality=95, subsampling=0)
    read = decode(tmp_path / f"x{suffix}").astype(int)
    assert read.shape == upright.shape
    assert np.abs(read - upright).mean() < 3


@pytest.mark.parametrize("suffix", [".gif", ".tiff", ".png", ".webp"])
def test_several_frames_are_refused_by_number(tmp_path, suffix):
    frames = [Image.fromarray(RNG.integers(0, 256, (9, 9), np.uint8)) for _ in range(3)]
    path = tmp_path / f"x{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], **LOSSLESS.get(suffix, {}))
    with pytest.raises(MedsmallError, match="has 3 frames") as error:
        decode(path)
    assert str(path) in str(error.value)
    assert np.asarray(decode(path, frame=3)).shape[:2] == (9, 9)
    saved(tmp_path, frames[0], f"one{suffix}")
    assert decode(tmp_path / f"one{suffix}", grey=True).shape == (9, 9)


LOSSLESS = {".webp": {"lossless": True}}


def test_the_second_picture_of_a_telephone_is_passed_over(tmp_path):
    first, second = (Image.fromarray(RNG.integers(0, 256, (9, 9), np.uint8)) for _ in range(2))
    first.save(tmp_path / "x.jpg", format="MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.n_frames == 2
    assert decode(tmp_path / "x.jpg").shape == (9, 9)


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    big = Image.new("1", (20000, 20000))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    path = saved(tmp_path, big)
    monkeypatch.undo()
    started = time.perf_counter()
    with pytest.raises(MedsmallError, match="has 400,000,000 pixels") as error:
        decode(path)
    assert time.perf_counter() - started < 1
    assert f"{MAX_PIXELS:,}" in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(("written", "named"), [("png", "jpg"), ("jpeg", "png"), ("png", "dcm"),
                                                ("tiff", "jpeg")])  # fmt: skip
def test_the_content_decides_not_the_name(tmp_path, written, named):
    path = tmp_path / f"x.{named}"
    Image.fromarray(np.full((16, 16), 77, np.uint8)).save(path, format=written)
    assert np.abs(decode(path).astype(int) - 77).max() <= 1


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("mode", ["YCbCr", "CMYK", "P", "RGBA", "LA", "1", "I;16"])
def test_every_other_mode_of_pillow_is_eight_bits(tmp_path, grey, mode):
    Image.new(mode, (8, 6)).save(tmp_path / "x.tiff")
    read = decode(tmp_path / "x.tiff", grey)
    assert read.dtype == np.uint8
    assert read.shape[:2] == (6, 8)
    assert read.ndim == 2 if grey else read.ndim in (2, 3)


def test_decoding_takes_what_the_decoder_takes(tmp_path):
    path = tmp_path / "x.png"
    smooth = np.add.outer(np.arange(1024), np.arange(1024)) // 8 + RNG.integers(0, 9, (1024, 1024))
    Image.fromarray(smooth.astype(np.uint8)).save(path)

    def bare():
        with Image.open(path) as image:
            return np.array(image)

    def seconds(read):
        started = time.perf_counter()
        read()
        return time.perf_counter() - started

    pairs = [(seconds(bare), seconds(lambda: decode(path))) for _ in range(15)]
    ours, theirs = min(ours for _, ours in pairs), min(theirs for theirs, _ in pairs)
    assert theirs / ours > 0.8
