"""Checkpoints of any origin: tensors come out of them, and nothing that is in them is run."""

from __future__ import annotations

import hashlib
import itertools
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch._weights_only_unpickler import _get_allowed_globals
from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals

from downstream.backbone import DEPTHS, Backbone, BackboneSpec
from downstream.matching import Fit, Networks, find
from downstream.pickled import complaint


class _Ignored:
    """Stands for a value that nobody reads."""

    def __new__(cls, *arguments: Any, **options: Any) -> _Ignored:
        """Take anything."""
        return object.__new__(cls)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Keep nothing."""

    def __setstate__(self, state: Any) -> None:
        """Keep nothing."""


class _Array(_Ignored):
    """Stands for a numpy array."""


def _emptied(*_: Any) -> OrderedDict[str, Any]:
    """Stands for a dict that is built by a call and filled afterwards."""
    return OrderedDict()


# Beside their tensors, published checkpoints hold options and losses of the run. None of that is read here, so each of
# these names is bound to a stand-in: what the file calls by that name does nothing, whatever it is given.
_IGNORED = (
    *(f"builtins.{name}" for name in ("bool", "dict", "float", "getattr", "int", "list", "slice", "str")),
    *(f"numpy.{core}.multiarray.scalar" for core in ("core", "_core")),
    *(f"numpy.{name}" for name in ("dtype", "ndarray")),
    *(f"{module}.{system}Path" for module in ("pathlib", "pathlib._local") for system in ("Posix", "Windows")),
    *(f"omegaconf.base.{name}" for name in ("ContainerMetadata", "Metadata")),
    *(f"omegaconf.{name}" for name in ("dictconfig.DictConfig", "listconfig.ListConfig", "nodes.AnyNode")),
    "_codecs.encode",
    "argparse.Namespace",
    "mmengine.logging.history_buffer.HistoryBuffer",
    "typing.Any",
)
_DEPTH = 4  # dicts within dicts that are looked into; VISSL's are the deepest
_DICTS = (
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
_STAND_INS: tuple[tuple[Callable[..., Any], str], ...] = (
    *((_Ignored, name) for name in _IGNORED),
    *((_Array, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *((OrderedDict, name) for name in _DICTS),
    (_emptied, "collections.defaultdict"),
)


def digest(path: Path) -> str:
    """The sha256 of a file, in hex digits."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha256.update(block)
    return sha256.hexdigest()


def import_backbone(path: Path, spec: BackboneSpec, *, layout: str) -> tuple[Backbone, Fit]:
    """Build the backbone of `spec` and fill every tensor of it from a checkpoint.

    Args:
        path: a file of `torch.save`, read with `weights_only=True` alone, or of safetensors, whatever its name.
        spec: the architecture of the backbone and how its input is normalised.
        layout: name of a layout in `downstream.layouts`, or "auto".

    Returns:
        The backbone, and how it was found.

    Raises:
        ValueError: the file is no checkpoint, wants to run code, holds the backbone in part, several backbones, or
            values that are not finite; one line.
    """
    wanted = _wanted(spec)
    networks = read(path)
    try:
        fit = find(networks, wanted, layout=layout)
    except ValueError as error:
        other = _other(networks, spec, layout=layout)
        held = "" if other is None else f"it holds a {_describe(other)}; "
        raise ValueError(f"{path} as {_describe(spec)}: {held}{error}") from error
    for name, tensor in fit.tensors.items():
        if wanted[name].is_floating_point() and not (tensor.is_floating_point() and tensor.isfinite().all()):
            raise ValueError(f"{path}: weights must be finite floating-point numbers, {name} has other values")
    backbone = Backbone(spec)
    counters = {name: torch.zeros((), dtype=torch.long) for name in fit.uncounted}
    backbone.load_state_dict({**fit.tensors, **counters})
    return backbone, fit


def _wanted(spec: BackboneSpec) -> dict[str, Tensor]:
    """State dict of shapes without memory."""
    with torch.device("meta"):
        wanted: dict[str, Tensor] = Backbone(spec).state_dict()
    return wanted


def _other(networks: Networks, spec: BackboneSpec, *, layout: str) -> BackboneSpec | None:
    """The architecture that a file holds in place of that of `spec`, if it is one of those here.

    First convolutions, recognised by shape, give stem and width; "imagenet" and "cifar" stand for all stems of theirs.
    """
    stems = {7: "imagenet", 3: "cifar"}
    shapes = {tuple(tensor.shape) for network in networks.values() for tensor in network.values()}
    firsts = [
        (shape[0], stems[shape[2]]) for shape in shapes if len(shape) == 4 and shape[1] == 3 and shape[2] in stems
    ]
    for (channels, stem), depth in itertools.product(firsts, DEPTHS):
        with suppress(ValueError):
            other = replace(spec, depth=depth, width=channels / 64, stem=stem)
            find(networks, _wanted(other), layout=layout)
            return other
    return None


def read(path: Path) -> Networks:
    """Read the state dicts of a checkpoint: tensors by name, by the key they lie under.

    Raises:
        ValueError: there is no file, or it is no checkpoint; names what a file wants to run that is more than that.
    """
    if path.is_dir():
        raise ValueError(f"{path}: a file is expected, got a folder")
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    try:
        content = _load_safetensors(path) if _is_safetensors(path) else _load(path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: a state dict is expected, got {type(content).__name__}")
    networks = _networks(content, place="", depth=_DEPTH)
    if not networks and _holds_arrays(content, depth=_DEPTH):
        raise ValueError(f"{path}: tensors are expected, got arrays of numpy; save them again by torch.from_numpy")
    return networks


def _networks(content: Mapping[Any, Any], *, place: str, depth: int) -> dict[str, dict[str, Tensor]]:
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and _is_dense(value)}
    found = {place: tensors} if tensors else {}
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, Mapping) and depth > 0:
            found |= _networks(value, place=f"{place}.{name}".lstrip("."), depth=depth - 1)
    return found


def _holds_arrays(content: Mapping[Any, Any], *, depth: int) -> bool:
    within = [value for value in content.values() if isinstance(value, Mapping)] if depth > 0 else []
    return any(isinstance(value, _Array) for value in content.values()) or any(
        _holds_arrays(value, depth=depth - 1) for value in within
    )


def _is_dense(value: Any) -> bool:
    return isinstance(value, Tensor) and value.layout is torch.strided and not value.is_quantized


def _is_safetensors(path: Path) -> bool:
    """By what the file begins with: the length of a header in JSON. The name decides where that is no format's."""
    with path.open("rb") as file:
        start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    if start[8:] == b"{" and length <= path.stat().st_size:
        return True
    return path.suffix == ".safetensors" and not start.startswith((b"PK", b"\x80"))


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load_file(path, device="cpu")
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"does not read as safetensors ({_first_line(error)})") from error
    return tensors


def _load(path: Path) -> Any:
    try:
        with path.open("rb") as file, _stand_ins_alone(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch tells of the pickle's protocol; what matters is said below
            return torch.load(file, map_location="cpu", weights_only=True)  # of a path, torch believes the suffix
    except Exception as error:  # an unpickler that is fed anything raises anything
        reason = _reason(str(error), path) or f"does not read as a checkpoint ({_first_line(error)})"
        raise ValueError(reason) from error


@contextmanager
def _stand_ins_alone() -> Iterator[None]:
    """Let nothing through but the stand-ins, also where a library has let real classes through."""
    others = get_safe_globals()
    clear_safe_globals()
    try:
        with safe_globals(list(_STAND_INS)):
            yield
    finally:
        add_safe_globals(others)


def _reason(message: str, path: Path) -> str | None:
    """What is wrong with a file that torch refuses for what is in it."""
    if "legacy .tar" in message or "TorchScript" in message:
        kind = "the tar format of torch before 0.1.10" if "legacy .tar" in message else "a TorchScript program"
        return f"refused, because it is {kind}, which cannot be read without running it; save its state dict by itself"
    wanted = re.search(r"GLOBAL ([\w.]+)", message)
    found = f"asks for {wanted[1]}" if wanted else complaint(path, allowed=_allowed())
    if found is None or found.startswith("asks for"):
        return found and (
            f"refused, because it {found}, and a checkpoint may hold tensors and plain values alone; if "
            "you trust it, load it where it was made and save its state dict by itself"
        )
    return f"refused, because it is {found}, which is not read here; save it again with torch.save's default protocol"


def _allowed() -> set[str]:
    """Names that torch's safe unpickler or a stand-in answers to."""
    return {*_get_allowed_globals(), *(name for _, name in _STAND_INS)}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]


def _describe(spec: BackboneSpec) -> str:
    return f"ResNet-{spec.depth} x{spec.width:g} ({spec.stem} stem)"
