import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from downstream.images import check_listed, decode_sample, from_files, from_pixels


def test_any_mode_comes_out_as_rgb(tmp_path: Path) -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    for name, image in (("l.png", Image.fromarray(grey)), ("p.gif", Image.fromarray(grey).quantize(64))):
        image.save(tmp_path / name)
    Image.fromarray(np.dstack([grey] * 4)).save(tmp_path / "a.webp", lossless=True)
    images = from_files(tmp_path, [("l.png", 0), ("p.gif", 1), ("a.webp", 1)], classes=["a", "b"])
    for row in range(3):
        opened = images.open(row)
        assert (opened.mode, opened.size) == ("RGB", (8, 8))
    stored = from_pixels(tmp_path, grey[None], [1], classes=["a", "b"])
    assert np.array_equal(np.asarray(stored.open(0)), np.dstack([grey] * 3))
    assert np.array_equal(np.asarray(images.open(0)), np.dstack([grey] * 3))


def test_an_image_that_pillow_finds_too_large_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=rf"^images: {tmp_path}/large\.png cannot be decoded: Image size .*") as caught:
        from_files(tmp_path, [("large.png", 0)], classes=["a"]).open(0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "kind", "mode"), [("a.png", np.uint16, "I;16"), ("a.tif", np.float32, "F")])
def test_grey_images_of_more_than_8_bits_are_refused_with_their_name(
    name: str, kind: type, mode: str, tmp_path: Path
) -> None:
    Image.fromarray(np.full((8, 8), 300, kind)).save(tmp_path / name)
    message = f"{tmp_path}/{name} cannot be decoded: its pixels must have 8 bits a channel, got Pillow's mode {mode}"
    with pytest.raises(ValueError, match=f"^images: {re.escape(message)}$"):
        from_files(tmp_path, [(name, 0)], classes=["a"]).open(0)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    images = from_pixels(tmp_path, np.zeros((3, 4, 4), np.uint8), [0, 2, 2], classes=["auk", "tit", "wren"])
    with pytest.raises(ValueError, match=rf"^birds: class 'tit' has no images in {tmp_path}$"):
        check_listed(images, subject="birds", layout="")


def test_of_many_images_an_even_spread_is_decoded(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"")
    names = [("good.png", 0)] * 6000
    decode_sample(from_files(tmp_path, names, classes=["a"]))
    for place in (0, 3000, 5997):
        broken = [*names[:place], ("bad.png", 0), *names[place + 1 :]]
        with pytest.raises(ValueError, match=r"bad.png cannot be decoded: "):
            decode_sample(from_files(tmp_path, broken, classes=["a"]))


def test_a_part_keeps_names_labels_and_pixels_together(tmp_path: Path) -> None:
    pixels = np.arange(5, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    part = from_pixels(tmp_path, pixels, [0, 1, 0, 1, 1], classes=["a", "b"]).take(torch.tensor([4, 0]))
    assert (part.names, part.labels.tolist()) == (("4", "0"), [1, 0])
    assert [part.open(row).getpixel((0, 0)) for row in range(2)] == [(4, 4, 4), (0, 0, 0)]
