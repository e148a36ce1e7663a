"""`clbench status`: how every cell stands."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from benchmark.errors import UserError, blaming_the_user
from benchmark.states import STATES, State, states


def run(runs: Path, *, as_json: bool, every: bool) -> int:
    """List the cells of a runs folder by state.

    Args:
        runs: results.
        as_json: as a JSON list, all of it.
        every: name the cells that are done too, instead of counting them.

    Returns:
        0.

    Raises:
        UserError: the folder is missing or a cell is malformed.
    """
    with blaming_the_user():
        found = states(runs)
    if as_json:
        print(json.dumps([asdict(state) for state in found], indent=1))
        return 0
    if not found:
        raise UserError(f"status: at least one cell is expected, got none in {runs}")
    for config in sorted({state.config for state in found}):
        own = [state for state in found if state.config == config]
        width = max(len(state.name) for state in own)
        counts = Counter(state.state for state in own)
        print(f"{config}: {', '.join(f'{counts[name]} {name}' for name in STATES if counts[name])}")
        for state in own:
            if every or state.state != "done":
                print(_line(state, width=width))
    return 0


def _line(state: State, *, width: int) -> str:
    return f"  {state.state:<8} {state.name:<{width}}  {state.key}  {state.reason}".rstrip()
