"""The page of an experiment as Markdown; every number on it is read from the cells."""

from __future__ import annotations

from collections.abc import Sequence

from results.experiments.experiment import Experiment
from results.experiments.material import Material
from results.experiments.ran import what_lacks, what_ran
from results.experiments.verdict import MISSING, UNKNOWN, Verdict, counts
from results.statistics.inference import ALPHA
from results.tables.markdown import escaped, to_markdown


def page(
    experiment: Experiment, material: Material, *, command: str, picture: str, left_out: str, absent: str | None
) -> str:
    """Write the page.

    Args:
        experiment: what is asked.
        material: its cells.
        command: that computed them.
        picture: name of the figure's file beside the page; "" where there is none.
        left_out: why there is none, in a few words.
        absent: what was asked for and never computed, "" for nothing; None where that is not known.
    """
    verdicts = experiment.verdicts(material)
    lacking = [*what_lacks(material), *([absent] if absent else [])]
    nothing = "Nothing." if absent == "" else "Nothing of what is stored; what was asked for is not known here."
    figure = f"![{experiment.title}]({picture})" if picture else f"No figure: {escaped(left_out)}."
    parts = [
        f"# {experiment.title}",
        f"**The claim.** {escaped(experiment.claim)}",
        f"**Source.** {escaped(experiment.source)}",
        f"**What is measured.** {escaped(experiment.measured)}",
        "## What it says",
        *_verdicts(verdicts),
        "## Figure",
        figure,
        "## Numbers",
        to_markdown(experiment.table(material)).strip() if material.rows else "There is no row.",
        "## What was run",
        "\n".join(f"- {_code(item)}" for item in what_ran(material, command=command)),
        "## What is missing",
        "\n".join(f"- {escaped(item)}" for item in lacking) if lacking else nothing,
        "## The rule",
        escaped(_rule(experiment, tested=sum(one.outcome != MISSING for one in verdicts))),
    ]
    return "\n\n".join(parts) + "\n"


def _verdicts(verdicts: Sequence[Verdict]) -> list[str]:
    """A line that counts outcomes, then an item per claim."""
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counts(verdicts).items())
    items = [
        f"- {escaped(one.claim)} **{_begun(one.outcome)}{_seeds(one)}.** {escaped(_said(one))}" for one in verdicts
    ]
    several = f"Of {len(verdicts)} claims: " if len(verdicts) != 1 else "Of one claim: "
    return [f"{several}{summary}.", "\n".join(items)]


def _said(verdict: Verdict) -> str:
    return f"{verdict.said} {verdict.caveat}".strip()


def _begun(outcome: str) -> str:
    return outcome[:1].upper() + outcome[1:]


def _seeds(verdict: Verdict) -> str:
    return f" with {verdict.n} seed{'s' if verdict.n != 1 else ''}" if verdict.outcome == UNKNOWN else ""


def _code(item: str) -> str:
    """Escape an item but for the command that it may hold between backticks."""
    before, tick, code = item.partition("`")
    return f"{escaped(before)} {tick}{code}" if tick else escaped(item)


def _rule(experiment: Experiment, *, tested: int) -> str:
    said = f"The rule is part of the code that made this page. {experiment.rule} What did not hold is not disproved."
    if tested < 2 or experiment.corrected:
        return said
    return (
        f"{said} {tested} claims were tested at {ALPHA:g} in each direction, uncorrected: if there were no effect at "
        f"all, up to about {2 * tested * ALPHA:.1f} would be called held or the opposite by chance."
    )
