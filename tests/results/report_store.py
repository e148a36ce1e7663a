"""A small store with everything that a report has to cope with, and a reader of its tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from cell_store import FIXTURES, PRETRAIN, change, write_evaluation, write_failure, write_skip

from results.report.writing import write_report

IMG = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>window.harmed = true</script>"
QUOTES = "\"double\" 'single' & \u202eright to left\u202c \N{PARTY POPPER}"
NAMES = ("random", "infonce", "mrcl", IMG, SCRIPT, QUOTES)
SEEDS = (0, 1, 2)
STALE = {"shapes-mrcl-2-shapes": "training.epochs 10 instead of 20"}
LOG = (
    "first line\n\x1b[31mred\x1b[0m\nprogress 1\rprogress 2\n/home/jane/clbench/benchmark/worker.py:7\n</pre>" + SCRIPT
)


def write_store(runs: Path) -> Path:
    """Two configs; six rows with three seeds; a failure, a skip, a stale number and a task that was not run."""
    for place, name in enumerate(NAMES):
        for seed in SEEDS:
            above = write_pretraining(runs, name, seed=seed)
            own = {"objective": name, "seed": seed, "upstream": above, "config": "shapes"}
            key = f"shapes-{'mrcl' if name == 'mrcl' else place}-{seed}-shapes"
            values = {"linear_top1": 0.3 + 0.1 * place + 0.01 * seed**2, "knn_top1": 0.2 + 0.05 * place + 0.003 * seed}
            write_evaluation(runs, values, {**own, "key": key})
            (runs / "cells" / key / "log.txt").write_text(LOG, newline="")
            if name == IMG:
                write_failure(runs, "out of memory (see /home/jane/runs/cells/a/log.txt)", {**own, **_task("voc", key)})
            elif name == SCRIPT:
                write_skip(runs, "VOC: data/VOC2007 is missing", {**own, **_task("voc", key)})
            elif name != QUOTES:
                write_evaluation(runs, {"AP": 0.1 + 0.01 * place + 0.02 * seed}, {**own, **_task("voc", key)})
    write_evaluation(runs, {"mutual_information_nats": 3.25}, {"config": 'second "config"', "task": "views"})
    return runs


def write_pretraining(runs: Path, name: str, *, seed: int) -> str:
    """Write a finished pretraining; returns its key."""
    key = f"pre-{NAMES.index(name)}-{seed}"
    shutil.copytree(FIXTURES / "cells" / PRETRAIN, runs / "cells" / key)
    training = {"batch": 256, "epochs": 20, "lr": 0.003 if name == "infonce" else 0.001}
    inputs = {"objective": name, "arguments": {"temperature": 0.2}, "training": training, "seed": seed}
    change(
        runs / "cells" / key / "cell.json",
        {"key": key, "objective": name, "seed": seed, "config": "shapes", "inputs": inputs},
    )
    return key


def write_page(runs: Path, out: Path, *, stale: Mapping[str, str] = STALE) -> Path:
    return write_report(runs, keys=None, stale=stale, derived={"mrcl"}, out=out)


def _task(name: str, key: str) -> dict[str, str]:
    return {"task": name, "family": "detection", "key": f"{key}-{name}"}


@dataclass
class Element:
    """A tag with its attributes and the text that is directly or indirectly in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """All elements of a page, in their order."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self._open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        ids = [element.attributes.get("id", "") for element in self._open]
        element = Element(tag, {name: value or "" for name, value in attributes}, inside=ids)
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes what was opened last"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str, inside: str | None = None) -> list[Element]:
        return [e for e in self.elements if e.tag in tags and (inside is None or inside in e.inside)]

    def rows(self, table: str) -> list[list[str]]:
        """Texts of a table's fields, row by row; the head first."""
        found: list[list[str]] = []
        for element in self.all("tr", "th", "td", inside=table):
            if element.tag == "tr":
                found.append([])
            else:
                found[-1].append(" ".join(element.text.split()))
        return found

    def provenance(self) -> Any:
        """What the page's panel shows."""
        (script,) = [e for e in self.all("script") if e.attributes.get("id") == "provenance"]
        return json.loads(script.text)
