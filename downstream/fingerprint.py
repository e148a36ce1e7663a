"""The hash of a data tree's content, computed once and found again as long as no file changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

_CHUNK = 1 << 20  # bytes read at a time: annotation files and videos do not fit everywhere


def fingerprint(root: Path, files: Iterable[Path], *, store: Path) -> str:
    """Hash the names, relative to `root`, and the contents of `files`.

    Names, sizes and times decide whether the hash kept below `store` is still good.
    """
    stamp, listed = hashlib.sha256(str(root.resolve()).encode()), sorted(set(files))
    for path in listed:
        status = path.stat()
        stamp.update(f"{os.path.relpath(path, root)}/{status.st_size}/{status.st_mtime_ns}\0".encode())
    kept = store / "fingerprints" / stamp.hexdigest()[:16]
    if not kept.exists():
        content = hashlib.sha256()
        for path in listed:
            content.update(f"{os.path.relpath(path, root)}/{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    content.update(chunk)
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(content.hexdigest()[:16])
        temporary.replace(kept)
    return kept.read_text()


def tree_files(root: Path) -> list[Path]:
    """Every file below `root` that is not hidden."""
    return [path for path in walk(root) if path.is_file()]


def walk(root: Path) -> list[Path]:
    """Whatever is no folder below `root` and not hidden, in the order of the paths; linked folders are gone into."""
    found = (Path(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names)
    return sorted(path for path in found if not path.name.startswith("."))
