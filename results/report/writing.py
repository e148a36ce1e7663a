"""One page of everything: `report.html`, which needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from results.order import REFERENCE
from results.report.contents import Contents, gather
from results.report.logs import without_folders
from results.report.quantities import count, moment, operations, seconds, size
from results.tables.layout import Table
from results.whole_files import write_whole

_PAGE = Path(__file__).parent / "page"
_STYLES = ("report.css", "tables.css", "panel.css")
_SCRIPTS = ("theme.js", "tables.js", "panel.js")


def write_report(
    runs: Path,
    *,
    keys: Collection[str] | None,
    stale: Mapping[str, str],
    derived: Collection[str],
    out: Path,
    further: Mapping[str, Sequence[Table]] | None = None,
) -> Path:
    """Write the report of a runs folder; the same cells give the same bytes.

    Args:
        runs: folder of cells.
        keys: keys of the cells that count, None = all; as for `results.store.loading.load`.
        stale: key -> what has changed since; as for `results.store.loading.load`.
        derived: objectives to mark as derived.
        out: the file to write. Who reads it meanwhile sees the old one or the new one.
        further: config -> tables that stand beside those of its own, such as published numbers.

    Returns:
        The file written.

    Raises:
        ValueError: the folder is missing, a cell is malformed, or there is none; nothing is written then.
    """
    page = to_html(gather(runs, keys=keys, stale=stale, derived=derived, further=further or {}))
    out.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(out, page.encode("utf-8", "backslashreplace"))  # a lone surrogate is no character of a page


def to_html(contents: Contents) -> str:
    """Lay out the page. Everything that comes from a cell is escaped; only this package's own files are not."""
    css, script = _joined(_STYLES), _joined(_SCRIPTS)
    policy = (
        f"default-src 'none'; img-src data:; style-src {_digest(css)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template("report.html")
    return page.render(contents=contents, css=Markup(css), script=Markup(script), policy=policy, reference=REFERENCE)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    environment.filters |= {
        "count": count,
        "moment": moment,
        "operations": operations,
        "seconds": seconds,
        "short": without_folders,
        "size": size,
    }
    return environment


def _joined(names: Sequence[str]) -> str:
    return "\n".join((_PAGE / name).read_text(encoding="utf-8") for name in names)


def _digest(text: str) -> str:
    """Name a text in a content security policy: no other style or script is applied."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
