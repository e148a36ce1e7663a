"""What a pickle asks for, read from its opcodes: nothing in it is built or run."""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

from torch._utils import IMPORT_MAPPING, NAME_MAPPING

_OLD_FORMAT = 4  # pickles of the format before torch 1.6: magic number, version, system, and then the object
_STRINGS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"}
_KEEPING = {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}
_GETTING = {"GET", "BINGET", "LONG_BINGET"}


def complaint(path: Path, *, allowed: Collection[str]) -> str | None:
    """What is wrong with the pickle in a file that torch's safe unpickler refuses.

    Args:
        path: a file of `torch.save` in either format, or of `pickle.dump`.
        allowed: dotted names that a checkpoint may ask for.

    Returns:
        "asks for posix.system" for the first name that is not allowed, "written with pickle protocol 4" if there is
        none and torch does not read the protocol, or None: the file is no pickle, or nothing of this is wrong with it.
    """
    try:
        with _pickle(path) as file:
            return _complaint(file, allowed)
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError):
        return None


def _pickle(path: Path) -> IO[bytes]:
    if not zipfile.is_zipfile(path):
        return path.open("rb")
    with zipfile.ZipFile(path) as archive:
        name = next((name for name in archive.namelist() if name.endswith("data.pkl")), "data.pkl")
        return io.BytesIO(archive.read(name))


def _complaint(file: IO[bytes], allowed: Collection[str]) -> str | None:
    protocol = None
    for _ in range(_OLD_FORMAT):
        try:
            for kind, value in _walked(file):
                if kind == "protocol":
                    protocol = value
                elif value not in allowed:
                    return f"asks for {value.removeprefix('builtins.')}"
            protocol = protocol or 0
        except Exception:  # opcodes in no order, or what is no pickle at all
            break
    return None if protocol in (None, 2, 3) else f"written with pickle protocol {protocol or '0 or 1'}"


def _walked(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """("protocol", number) and ("name", dotted) of one pickle.

    Protocols below 4 write a name as one argument; from 4 on its two halves come as strings, maybe from the memo.
    """
    strings: list[Any] = [None, None]
    memo: dict[int, Any] = {}
    argument: Any
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "PROTO":
            yield "protocol", argument
        elif opcode.name in ("GLOBAL", "INST"):
            yield "name", _present(*argument.split(" ", 1))
            strings.append(None)
        elif opcode.name == "STACK_GLOBAL":
            yield "name", ".".join(str(half) for half in strings[-2:])
            strings.append(None)
        elif opcode.name in _KEEPING:
            memo[len(memo) if argument is None else argument] = strings[-1]
        elif opcode.name in _GETTING:
            strings.append(memo.get(argument))
        else:
            strings.append(argument if opcode.name in _STRINGS else None)


def _present(module: str, name: str) -> str:
    """The dotted name in Python 3 of one in Python 2, as torch's unpickler has it."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"
