"""The machine that measures, and how busy it was."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch

from benchmark.environment import describe_environment, installed_version
from downstream.cores import cores

PEERS = ("lightly", "solo-learn", "kornia", "simplejpeg", "torchcodec")
"""Distributions that others' numbers come from."""


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, GPU, versions, commit and time; in JSON's types."""
    found = describe_environment("cuda" if torch.cuda.is_available() else "cpu")
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "gpu": None if found["device"] == "cpu" else found["device"],
        "system": f"{platform.system()} {platform.machine()}",
        "python": found["python"],
        "threads": found["threads"],
        "packages": found["packages"] | {name: version for name in PEERS if (version := installed_version(name))},
        "commit": found["commit"],
        "created": found["created"],
    }


def load() -> float:
    """Processes that want a core, as a mean over the last minute."""
    return round(os.getloadavg()[0], 2)


def _cpu() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
