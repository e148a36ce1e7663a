import io
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from written_shards import Member, both_forms, jpeg, labelled, write_tar

from downstream.image_sets import ImageSet, open_images
from downstream.image_sources import ImageSource
from downstream.imagefolder import image_folder
from downstream.shards import LISTING, read_shards, shard_paths


def read(root: Path) -> ImageSource:
    paths = shard_paths(root)
    assert paths is not None
    return read_shards(paths, store=root.parent / "store")


def open_at(source: ImageSource, *, stream: bool) -> ImageSet:
    return open_images(source, image_size=24, store=source.root.parent / "store", stream=stream)


def one_shard(folder: Path, *members: Member) -> ImageSource:
    return read(write_tar(folder / "0.tar", members))


def test_shards_and_a_folder_of_the_same_images_are_the_same_set_packed_and_streamed(tmp_path: Path) -> None:
    folder, shards = both_forms(tmp_path, count=10)
    sources = (image_folder(folder), read(shards))
    sets = [open_at(source, stream=stream) for source in sources for stream in (False, True)]
    index = torch.tensor([9, 0, 4, 4])
    for found in sets:
        assert tuple(found.images.shape) == (10, 3, 24, 24)
        assert torch.equal(found.images[index], sets[0].images[index])
        assert torch.equal(found.labels, sets[0].labels)
        assert found.classes == ("0", "1")
    assert sets[0].digest == sets[1].digest  # so that both have the same key
    assert sets[2].digest == sets[3].digest


def test_packed_images_go_to_another_process_as_their_files_name(tmp_path: Path) -> None:
    found = open_at(one_shard(tmp_path, *labelled(range(40), classes=2)), stream=False)
    sent = pickle.dumps(found.take(torch.tensor([30, 2])))
    assert len(sent) < 40 * 3 * 24 * 24 / 10
    received: ImageSet = pickle.loads(sent)
    assert torch.equal(received.images[torch.tensor([1, 0])], found.images[torch.tensor([2, 30])])


def test_every_image_is_read_where_tarfile_finds_it(tmp_path: Path) -> None:
    _, shards = both_forms(tmp_path, count=9)
    source = read(shards / "train-{000000..000001}.tar")
    for row, name in enumerate(source.names):
        shard, _, member = name.partition("/")
        with tarfile.open(shards / shard) as archive:
            file = archive.extractfile(member)
            assert file is not None
            assert source.read(row) == file.read()
    assert len(source.names) == 9


def test_samples_are_keyed_as_the_format_has_it(tmp_path: Path) -> None:
    source = one_shard(
        tmp_path,
        ("__header__", b"of the writer"),
        ("README", b"no key"),
        ("train/a/n01.5_x.JPG", jpeg(0)),  # key train/a/n01, suffix 5_x.jpg: no image
        ("train/a.b/n01.jpeg", jpeg(1)),
        ("train/a.b/n01.cls", b"7"),
        ("train/b/n01.PNG", jpeg(2)),
        ("train/b/n01.seg.png", jpeg(3)),
        ("train/b/._n01.jpg", b"left by a Mac"),
        ("train/b/.hidden.jpg", b"hidden"),
        ("train/b/n01.txt", b"a caption"),
        ("späte Äpfel {1}.webp", jpeg(4)),
        ("meta.json", json.dumps({"label": 3}).encode()),
    )
    assert source.names == ("0.tar/train/a.b/n01.jpeg", "0.tar/train/b/n01.PNG", "0.tar/späte Äpfel {1}.webp")
    assert source.labels.tolist() == [0, -1, -1]
    assert source.classes == ("7",)


def test_labels_are_of_cls_or_json_and_may_be_missing(tmp_path: Path) -> None:
    words = [("cls", b" 5\n"), ("json", b'{"label": 2, "caption": "x"}'), ("json", b'{"cls": 9}'), ("json", b"[]")]
    members = [
        member
        for number, (suffix, content) in enumerate(words)
        for member in ((f"{number}.{suffix}", content), (f"{number}.jpg", jpeg(number)))
    ]
    source = one_shard(tmp_path, *members, ("last.jpg", jpeg(9)))
    assert source.classes == ("2", "5", "9")
    assert source.labels.tolist() == [1, 0, 2, -1, -1]


def test_long_names_and_links_are_read_past(tmp_path: Path) -> None:
    path, long = tmp_path / "0.tar", f"{'deep/' * 60}image.jpg"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in (long, "b.jpg"):
            entry = tarfile.TarInfo(name)
            entry.size = len(jpeg(1))
            archive.addfile(entry, io.BytesIO(jpeg(1)))
        link = tarfile.TarInfo("c.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "b.jpg"
        archive.addfile(link)
    source = read(path)
    assert source.names == (f"0.tar/{long}", "0.tar/b.jpg")
    assert [source.read(row) for row in (0, 1)] == [jpeg(1)] * 2


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a-{08..11}.tar", ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]),
        ("{train,val}-{0..1}.tar", ["train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"]),
        ("one.tar", ["one.tar"]),
    ],
)
def test_braces_name_several_shards(pattern: str, names: list[str], tmp_path: Path) -> None:
    assert shard_paths(tmp_path / pattern) == [tmp_path / name for name in names]


def test_a_folder_with_anything_to_show_beside_its_tars_is_an_image_folder(tmp_path: Path) -> None:
    write_tar(tmp_path / "b.tar", labelled([0], classes=1))
    write_tar(tmp_path / "a.tar", labelled([1], classes=1))
    (tmp_path / ".c.tar").write_bytes(b"hidden")
    assert shard_paths(tmp_path) == [tmp_path / "a.tar", tmp_path / "b.tar"]
    (tmp_path / "class").mkdir()
    assert shard_paths(tmp_path) is None
    assert shard_paths(tmp_path / "class") is None
    assert shard_paths(tmp_path / "nowhere") is None


def test_what_is_listed_is_not_listed_again_until_a_shard_changes(tmp_path: Path) -> None:
    first = one_shard(tmp_path, *labelled([0, 1], classes=2))
    kept = list((tmp_path / "store/shards").iterdir())
    times = [path.stat().st_mtime_ns for path in kept]
    again = read(tmp_path / "0.tar")
    assert again.names == first.names
    assert torch.equal(again.labels, first.labels)
    assert [path.stat().st_mtime_ns for path in (tmp_path / "store/shards").iterdir()] == times
    assert one_shard(tmp_path, *labelled([0, 1, 2], classes=2)).names[-1] == "0.tar/00002.jpg"


def test_a_list_of_another_version_is_not_taken_and_of_this_one_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("downstream.shards.LISTING", LISTING - 1)
    one_shard(tmp_path, *labelled([0, 1], classes=2))
    (kept,) = (tmp_path / "store/shards").iterdir()
    with np.load(kept) as table:
        np.savez(kept, **{**table, "label": np.array([5, 5])})  # as an earlier reading of labels had it
    assert read(tmp_path / "0.tar").classes == ("5",)
    monkeypatch.undo()
    assert read(tmp_path / "0.tar").classes == ("0", "1")


def test_labels_alone_change_the_digest_and_are_no_reason_to_decode_anew(tmp_path: Path) -> None:
    digests, times = [], []
    for label in (b"0", b"1"):
        source = one_shard(tmp_path, ("a.jpg", jpeg(0)), ("a.cls", b"0"), ("b.jpg", jpeg(1)), ("b.cls", label))
        digests.append(open_at(source, stream=True).digest)
        times.append(open_at(source, stream=False).digest)
    assert digests == times
    assert digests[0] != digests[1]


def cut(keep: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = write_tar(folder / "0.tar", labelled(range(4), classes=2))
        path.write_bytes(keep(path.read_bytes()))
        return path

    return write


def written(*members: Member, mode: str = "w", name: str = "0.tar") -> Callable[[Path], Path]:
    return lambda folder: write_tar(folder / name, members, mode=mode)


def last_end(content: bytes) -> int:
    """Where the last member ends."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        last = archive.getmembers()[-1]
    return last.offset_data + -(-last.size // 512) * 512


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "1.tar", "1.tar cannot be read: No such file or directory"),
        (cut(lambda _: b""), "0.tar is no whole tar: empty file"),
        (cut(lambda _: b"x" * 2000), "0.tar is no whole tar: "),
        (cut(lambda content: content[: last_end(content) // 2]), "0.tar is no whole tar: "),
        (cut(lambda content: content[: last_end(content) - 100]), "0.tar is no whole tar: unexpected end of data"),
        (cut(lambda content: content[: last_end(content)]), "0.tar is no whole tar: it does not end after byte "),
        (cut(lambda content: content[: last_end(content)] + b"?" * 9999), "0.tar is no whole tar: it does not end"),
        (written(), "0.tar has no images; expected members KEY.jpg"),
        (written(("a.txt", b"words")), "0.tar has no images; expected members KEY.jpg"),
        (written(("a.jpg", jpeg(0)), mode="w:gz"), "0.tar is compressed (gzip); must be a plain tar"),
        (written(("a.jpg", jpeg(0)), mode="w:xz", name="0.tar.xz"), "0.tar.xz is compressed (xz); must be a plain tar"),
        (written(("a.jpg", jpeg(0)), mode="w:bz2", name="0.tgz"), "0.tgz is compressed (bzip2); must be a plain tar"),
        (written(("a.jpg", jpeg(0)), ("a.cls", b"cat")), "0.tar/a.cls must hold a number: "),
        (written(("a.jpg", jpeg(0)), ("a.cls", b"-1")), "0.tar/a.cls must hold the number of a class, got -1"),
        (written(("a.json", b"{"), ("a.jpg", jpeg(0))), "0.tar/a.json must hold JSON: "),
        (
            written(("a.json", b'{"label": true}'), ("a.jpg", jpeg(0))),
            "a.json must hold the number of a class, got True",
        ),
        (written(("a.jpg", jpeg(0)), ("a.png", jpeg(0))), "0.tar/a must have one image, got a.jpg and a.png"),
        (written(("a.jpg", jpeg(0)), ("a.jpg", jpeg(0))), "0.tar has a.jpg twice"),
    ],
)
def test_what_is_wrong_with_a_shard_is_said_in_one_line(
    make: Callable[[Path], Path], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"^shards: ") as caught:
        read(make(tmp_path))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "store/shards").exists()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("content", [b"", b"no image", jpeg(1)[:500]])
def test_an_image_that_cannot_be_decoded_is_named_with_its_shard(content: bytes, stream: bool, tmp_path: Path) -> None:
    source = one_shard(tmp_path, ("a.jpg", jpeg(0)), ("b.jpg", content))
    with pytest.raises(ValueError, match=rf"^shards: {tmp_path}/0\.tar/b\.jpg cannot be decoded: [^\n]+$"):
        open_at(source, stream=stream)


def test_a_shard_that_shrinks_while_it_is_read_is_named(tmp_path: Path) -> None:
    found = open_at(one_shard(tmp_path, *labelled(range(3), classes=1)), stream=True)
    content = (tmp_path / "0.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(content[:600])
    with pytest.raises(ValueError, match=r"^shards: .*0\.tar/00002\.jpg cannot be decoded: "):
        found.images[torch.tensor([2])]
