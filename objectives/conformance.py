"""What every objective has to hold, examined on a small network: `clbench check NAME`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from objectives import loss_checks, plugin_checks
from objectives.contract import Form, Objective
from objectives.registry import OBJECTIVES, defaults
from objectives.trial import build

Check = Callable[[str, Mapping[str, Any]], str]

CHECKS: dict[str, Check] = {
    "name": plugin_checks.name,
    "arguments": plugin_checks.arguments,
    "terms": loss_checks.terms,
    "views": loss_checks.views,
    "reach": loss_checks.reach,
    "gradient": loss_checks.gradient,
    "order": loss_checks.order,
    "swap": loss_checks.swap,
    "base": loss_checks.base,
    "closed": loss_checks.closed,
    "extremes": loss_checks.extremes,
    "precision": loss_checks.precision,
    "noise": plugin_checks.noise,
    "needs": plugin_checks.needs,
    "state": plugin_checks.state,
    "target": plugin_checks.target,
    "ranks": plugin_checks.ranks,
}
"""Every check by its name; given an objective and its arguments it returns what is wrong, or an empty string."""

_WITHOUT_LOSS = ("name", "arguments")
_ONCE = ("name", "arguments", "base", "closed", "ranks")  # they see to the forms themselves, or there is but one


@dataclass(frozen=True)
class Finding:
    """What one check says of one objective.

    Attributes:
        check: name of the check.
        meaning: what is checked, in one line.
        status: "holds", "broken" or "exempt".
        reason: why it is broken or exempt, or which form is; "" where it holds for all.
    """

    check: str
    meaning: str
    status: str
    reason: str


def examine(name: str) -> Iterator[Finding]:
    """Run every check on every form of a registered objective, one after another."""
    kind = OBJECTIVES.get(name)
    forms = (Form({}), *kind.variants)
    unknown = {*kind.exempt, *(check for form in forms for check in form.exempt)} - set(CHECKS)
    if unknown:
        yield Finding("exempt", "Its exemptions name checks.", "broken", f"no checks: {', '.join(sorted(unknown))}")
    for check, run in CHECKS.items():
        meaning = (inspect.getdoc(run) or "").partition("\n")[0]
        exempt = kind.exempt.get(check) or _needless(name, kind, check)
        if exempt:
            yield Finding(check, meaning, "exempt", exempt)
            continue
        spared = {str(dict(form.arguments)): form.exempt[check] for form in forms if check in form.exempt}
        subjects = forms[:1] if check in _ONCE else [form for form in forms if check not in form.exempt]
        wrong = next(filter(None, (_reason(run, name, form.arguments) for form in subjects)), "")
        but = "; ".join(f"but with {arguments}: {why}" for arguments, why in spared.items())
        yield Finding(check, meaning, "broken" if wrong else "holds", wrong or but)


def _reason(run: Check, name: str, arguments: Mapping[str, Any]) -> str:
    try:
        reason = run(name, arguments)
    except Exception as error:  # whatever an objective raises is what the check found
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"with {dict(arguments)}: {reason}" if reason and arguments else reason


def _needless(name: str, kind: type[Objective], check: str) -> str:
    """Why a check says nothing of an objective; "" if it does."""
    if not kind.trains and check not in _WITHOUT_LOSS:
        return "it does not train"
    if check == "base" and "base" not in defaults(kind):
        return "it has no base"
    if check == "closed" and kind.at_equal_projections(2, 2) is None:
        return "it declares none"
    if check == "target" and not any(build(name, form.arguments).needs_target for form in (Form({}), *kind.variants)):
        return "it needs no target"
    return ""
