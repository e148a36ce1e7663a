import resource
from pathlib import Path

import pytest

from results.whole_files import write_whole


def test_a_file_is_written_or_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    for content in (b"first\r\n", b"\x00\xff"):
        assert write_whole(path, content) == path
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_who_has_the_old_file_open_reads_it_to_its_end(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "table.md", b"old" * 10_000)
    with path.open("rb") as reader:
        start = reader.read(3)
        write_whole(path, b"new")
        assert start + reader.read() == b"old" * 10_000
    assert path.read_bytes() == b"new"


def test_a_file_that_cannot_be_written_leaves_the_old_one_alone(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "table.md", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(path, b"new" * 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
