"""What a number was computed with: recorded in every cell, part of no key."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
from datetime import datetime, timezone
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("torch", "torchvision", "onedl-mmengine", "onedl-mmcv", "onedl-mmdetection", "onedl-mmsegmentation")


def describe_environment(device: str) -> dict[str, Any]:
    """Device, commit, packages and time, as `cell.json` keeps them."""
    return {
        "device": device_name(device),
        "commit": _commit(),
        "packages": {name: version for name in PACKAGES if (version := installed_version(name))},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def choose_device(text: str) -> str:
    """Resolve "auto" to "cuda" where there is one, else "cpu".

    Raises:
        ValueError: no such device here.
    """
    if text == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if text not in ("cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))) and (
        text != "cuda" or not torch.cuda.is_available()
    ):
        raise ValueError(f"device: must be auto, cpu or, where there is a GPU, cuda; got {text!r}")
    return text


def device_name(device: str) -> str:
    """The device as a reader would name it."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu"


def installed_version(package: str) -> str | None:
    """Version of an installed distribution, None if it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@cache
def installed_stack() -> list[Any]:
    """Versions of what runs the tasks, and whether mmcv has operators of its own."""
    mmcv = find_spec("mmcv")
    folders = [] if mmcv is None else map(Path, mmcv.submodule_search_locations or ())
    operators = [[path.name, path.stat().st_size] for folder in folders for path in sorted(folder.glob("_ext*"))]
    return [[name, installed_version(name)] for name in (*PACKAGES, "scikit-learn")] + operators


def prepare_process(device: str, *, threads: int) -> None:
    """Make this process one that computes: its threads, and the GPU that it means.

    A numbered GPU becomes the current one: what names none, such as an event or a kernel's launch, then means it.
    """
    torch.set_num_threads(threads)
    if torch.device(device).index is not None:
        torch.cuda.set_device(device)


def peak_memory_bytes(device: str) -> int:
    """Most memory this process has held: resident on the CPU, allocated on a GPU."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # Linux's ru_maxrss begins with the peak of the process that started this one
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _commit() -> str:
    """Commit of the project's checkout, "+" behind it if files differ; "" outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=12", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
