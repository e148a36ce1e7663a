"""For authors of objectives: a file to start from, and the checks that it has to pass."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import sys
from collections.abc import Callable
from pathlib import Path

from benchmark.errors import UserError
from objectives.conformance import examine
from objectives.contract import Objective
from objectives.registry import OBJECTIVES

_TEMPLATE = '''"""{title}: what it is, in one line.

Source: [1] the paper, its number, the equation.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from objectives.contract import Dims, Network, Objective, Views
from objectives.registry import OBJECTIVES


def distance(z1: Tensor, z2: Tensor) -> Tensor:
    """Squared distance of the two views' directions, averaged over the images [1, eq. 1].

    Args:
        z1: projections of the first views, (N, D).
        z2: projections of the second views, (N, D), same order.

    Returns:
        Scalar from 0 (same directions) to 4 (opposite ones).
    """
    return (F.normalize(z1, dim=1) - F.normalize(z2, dim=1)).square().sum(dim=1).mean()


@OBJECTIVES.register_module("{name}")
class {title}(Objective):
    """What is minimised. Where images of a batch meet, as negatives do, call objectives.ranks.gather first."""

    def __init__(self, dims: Dims, *, weight: float = 1.0) -> None:  # where the value comes from
        super().__init__()
        if not weight > 0:
            raise ValueError(f"{name}: weight must be > 0, got {{weight}}")
        self.weight = weight

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {{"distance": weighted}}."""
        z1, z2 = (net.project(net.encode(x).h) for x in (views.x1, views.x2))
        return {{"distance": self.weight * distance(z1, z2)}}
'''


def write_template(name: str, folder: Path) -> Path:
    """Write `folder`/`name`.py, an objective that passes every check.

    Raises:
        UserError: the name is no lower-case Python name or is taken, or the file cannot be written.
    """
    taken = keyword.iskeyword(name) or hasattr(builtins, name) or name in sys.stdlib_module_names
    if not name.isidentifier() or taken or name != name.lower() or name.startswith("_"):
        raise UserError(f"new: the name must be a lower-case name that Python has not taken, got {name!r}")
    if name in OBJECTIVES.module_dict:
        raise UserError(f"new: {name} is already registered")
    if importlib.util.find_spec(name) is not None:
        raise UserError(f"new: {name} is the name of a module that is installed")
    path = folder / f"{name}.py"
    title = "".join(word.capitalize() for word in name.split("_"))
    try:
        with path.open("x") as file:
            file.write(_TEMPLATE.format(name=name, title=title))
    except OSError as error:
        raise UserError(f"new: {path} cannot be written: {error.strerror}") from error
    return path


def check(name: str, *, say: Callable[[str], None]) -> bool:
    """Run every check on a registered objective, a line each; return whether none is broken."""
    if not issubclass(OBJECTIVES.get(name), Objective):
        raise UserError(f"check: {name} must be a subclass of objectives.contract.Objective")
    broken = 0
    for finding in examine(name):
        broken += finding.status == "broken"
        reason = f" ({finding.reason})" if finding.reason else ""
        say(f"{finding.status:<7} {finding.check:<10} {finding.meaning}{reason}")
    say(f"{name}: {'every check holds' if not broken else f'{broken} broken'}")
    return not broken
