import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.datasets import ImageFolder
from torchvision.transforms.functional import center_crop, pil_to_tensor, resize

from downstream.image_sets import ImageSet
from downstream.imagefolder import open_image_folder

SIZE = 24


def noise(*shape: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three classes in several formats, modes, sizes and depths."""
    root = tmp_path / "tree"
    for name in ("bee/deeper", "ant", "cow"):
        (root / name).mkdir(parents=True)
    Image.fromarray(noise(SIZE, SIZE, 3, seed=0)).save(root / "ant/same-size.png")
    Image.fromarray(noise(40, 30, 3, seed=1)).save(root / "ant/tall.JPG", format="JPEG")
    Image.fromarray(noise(30, 90, seed=2)).save(root / "bee/grey.bmp")
    Image.fromarray(noise(10, 15, 4, seed=3)).save(root / "bee/deeper/transparent.webp")
    Image.fromarray(noise(24, 34, 3, seed=4)).quantize(16).save(root / "cow/palette.png")
    (root / "cow/notes.txt").write_text("no image")
    return root


def open_at(root: Path, *, size: int = SIZE) -> ImageSet:
    return open_image_folder(root, image_size=size, store=root.parent / "store")


def pixels(found: ImageSet) -> Tensor:
    return found.images[torch.arange(len(found.images))]


def test_pixels_are_pillows_resized_and_cropped_within_a_level_of_rounding(tree: Path) -> None:
    found = open_at(tree)
    files = sorted(path for path in tree.rglob("*") if path.suffix.lower() in {".png", ".jpg", ".bmp", ".webp"})
    for row, path in enumerate(files):
        image = Image.open(path).convert("RGB")
        scale = SIZE / min(image.size)
        sides = [max(SIZE, round(image.height * scale)), max(SIZE, round(image.width * scale))]
        wanted = image if image.size == (SIZE, SIZE) else center_crop(resize(image, sides, interpolation=3), [SIZE])
        difference = pixels(found)[row].int() - pil_to_tensor(wanted).int()
        assert int(difference.abs().max()) <= (image.size != (SIZE, SIZE)), path
    assert tuple(found.images.shape) == (5, 3, SIZE, SIZE)
    assert pixels(found).dtype == torch.uint8


def test_an_image_of_the_right_size_keeps_its_pixels(tree: Path) -> None:
    wanted = torch.from_numpy(noise(SIZE, SIZE, 3, seed=0)).permute(2, 0, 1)
    assert torch.equal(pixels(open_at(tree))[0], wanted)


def test_labels_and_classes_are_those_of_torchvision(tree: Path) -> None:
    found, wanted = open_at(tree), ImageFolder(str(tree))
    assert found.classes == tuple(wanted.classes)
    assert found.labels.tolist() == wanted.targets
    assert found.labels.dtype == torch.int64


def test_a_linked_folder_inside_a_class_has_its_images_as_one_that_is_there_has(tree: Path) -> None:
    before = open_at(tree)
    (tree / "bee/deeper").rename(tree.parent / "elsewhere")
    (tree / "bee/deeper").symlink_to(tree.parent / "elsewhere")
    found = open_at(tree)
    assert found.labels.tolist() == before.labels.tolist()
    assert torch.equal(pixels(found), pixels(before))
    assert found.digest == before.digest


def test_images_without_class_folders_have_no_labels(tree: Path) -> None:
    found = open_at(tree / "ant")
    assert found.labels.tolist() == [-1, -1]
    assert found.classes == ()


def test_what_is_packed_is_not_decoded_again(tree: Path) -> None:
    first = open_at(tree)
    packed = {path: path.stat().st_mtime_ns for path in (tree.parent / "store").rglob("*")}
    again = open_at(tree)
    assert torch.equal(pixels(first), pixels(again))
    assert first.digest == again.digest
    assert {path: path.stat().st_mtime_ns for path in (tree.parent / "store").rglob("*")} == packed


def test_a_changed_image_is_decoded_anew_and_changes_the_digest(tree: Path) -> None:
    before = open_at(tree)
    kept = pixels(before)
    Image.fromarray(noise(SIZE, SIZE, 3, seed=9)).save(tree / "ant/same-size.png")
    after = open_at(tree)
    assert torch.equal(pixels(after)[0], torch.from_numpy(noise(SIZE, SIZE, 3, seed=9)).permute(2, 0, 1))
    assert torch.equal(pixels(after)[1:], kept[1:])
    assert after.digest != before.digest


def test_two_trees_that_differ_in_their_pixels_alone_are_told_apart(tmp_path: Path) -> None:
    for seed, name in enumerate(("train", "test")):
        for label in ("ant", "bee"):
            (tmp_path / name / label).mkdir(parents=True)
            Image.fromarray(noise(SIZE, SIZE, 3, seed=seed)).save(tmp_path / name / label / "0.bmp")
            os.utime(tmp_path / name / label / "0.bmp", (1, 1))  # as a reproducible archive has it
    train, test = open_at(tmp_path / "train"), open_at(tmp_path / "test")
    assert not torch.equal(pixels(train), pixels(test))
    assert train.digest != test.digest


def test_the_digest_is_of_names_pixels_and_size_and_not_of_place_or_time(tree: Path) -> None:
    before = open_at(tree).digest
    copied = tree.parent / "copied"
    shutil.copytree(tree, copied, copy_function=shutil.copyfile)
    assert open_at(copied).digest == before
    assert open_at(tree, size=SIZE + 1).digest != before
    (copied / "cow").rename(copied / "dog")
    assert open_at(copied).digest != before


def test_a_part_has_a_digest_of_its_own(tree: Path) -> None:
    whole = open_at(tree)
    part, other = whole.take(torch.tensor([4, 0])), whole.take(torch.tensor([0, 4]))
    assert torch.equal(pixels(part), pixels(whole)[[4, 0]])
    assert tuple(part.images.shape) == (2, 3, SIZE, SIZE)
    assert part.labels.tolist() == [2, 0]
    assert len({whole.digest, part.digest, other.digest}) == 3


def test_writing_into_the_images_leaves_the_store_alone(tree: Path) -> None:
    before = pixels(open_at(tree)).clone()
    pixels(open_at(tree)).zero_()
    assert torch.equal(pixels(open_at(tree)), before)


def refusal(root: Path) -> str:
    with pytest.raises(ValueError, match=r"^image folder: ") as caught:
        open_at(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_folder_is_named_with_the_layout(tmp_path: Path) -> None:
    root = tmp_path / "nowhere"
    assert refusal(root) == f"image folder: {root} is missing; expected {root}/<class>/*.jpg"


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert re.match(rf"image folder: {tmp_path}/empty has no images; expected ", refusal(tmp_path / "empty"))


def test_an_empty_class_folder_is_named(tree: Path) -> None:
    (tree / "dog").mkdir()
    assert refusal(tree) == f"image folder: class folder {tree}/dog has no images"


@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_a_file_that_is_no_image_is_named(content: bytes, tree: Path) -> None:
    (tree / "ant/broken.png").write_bytes(content)
    assert refusal(tree).startswith(f"image folder: {tree}/ant/broken.png cannot be decoded: ")


@pytest.mark.parametrize(("name", "kind", "mode"), [("a.png", np.uint16, "I;16"), ("a.tif", np.float32, "F")])
def test_a_grey_image_of_more_than_8_bits_is_named(name: str, kind: type, mode: str, tree: Path) -> None:
    Image.fromarray(np.full((30, 30), 300, kind)).save(tree / "ant" / name)
    said = f"cannot be decoded: its pixels must have 8 bits a channel, got Pillow's mode {mode}"
    assert refusal(tree) == f"image folder: {tree}/ant/{name} {said}"


@pytest.mark.parametrize("name", ["ant/same-size.png", "ant/tall.JPG", "bee/grey.bmp", "bee/deeper/transparent.webp"])
def test_a_truncated_image_is_named_and_nothing_is_kept(name: str, tree: Path) -> None:
    whole = (tree / name).read_bytes()
    (tree / name).write_bytes(whole[: len(whole) * 2 // 3])
    assert refusal(tree).startswith(f"image folder: {tree}/{name} cannot be decoded: ")
    assert list((tree.parent / "store").iterdir()) == []
    (tree / name).write_bytes(whole)
    assert len(open_at(tree).images) == 5
