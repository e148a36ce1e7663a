"""The page of an experiment as Markdown; every number on it is read from the cells."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from results.experiments.experiment import Experiment
from results.experiments.glance import glance, in_short
from results.experiments.material import Material
from results.experiments.ran import Wanted, what_lacks, what_ran
from results.experiments.verdict import MISSING, UNKNOWN, Verdict, counts
from results.experiments.wording import begun
from results.statistics.inference import ALPHA
from results.tables.markdown import escaped, to_markdown


def page(
    experiment: Experiment,
    material: Material,
    *,
    command: str,
    picture: str,
    left_out: str,
    wanted: Collection[Wanted] | None,
    as_stored: bool,
) -> str:
    """Write the page.

    Args:
        experiment: what is asked.
        material: its cells.
        command: that computes them.
        picture: name of the figure's file beside the page; "" where there is none.
        left_out: why there is none, in a few words.
        wanted: the cells that were asked for; None where that is not known.
        as_stored: the cells count whatever code computed them.
    """
    verdicts = experiment.verdicts(material)
    lacking = list(what_lacks(material, wanted))
    unknown = "Nothing of what is stored; what was asked for is not known here."
    nothing = unknown if wanted is None else "Nothing."
    drawn = [f"![{experiment.title}]({picture})", escaped(experiment.shown)]
    parts = [
        f"# {experiment.title}",
        f"**The claim.** {escaped(experiment.claim)}",
        f"**Source.** {escaped(experiment.source)}",
        f"**What is measured.** {escaped(experiment.measured)}",
        "## What it says",
        *_verdicts(verdicts, label=material.label),
        "## Figure",
        *(drawn if picture else [f"No figure: {escaped(left_out)}."]),
        "## Numbers",
        to_markdown(experiment.table(material)).strip() if material.rows else "There is no row.",
        "## What was run",
        "\n".join(f"- {_code(item)}" for item in what_ran(material, command=command, as_stored=as_stored)),
        "## What is missing",
        "\n".join(f"- {escaped(item)}" for item in lacking) if lacking else nothing,
        "## The rule",
        "The rule is part of the code that made this page.",
        "\n".join(f"- {escaped(item)}" for item in _rule(experiment, verdicts)),
    ]
    return "\n\n".join(parts) + "\n"


def _verdicts(verdicts: Sequence[Verdict], *, label: str) -> list[str]:
    """A line that counts outcomes, the claims at a glance where they can be laid out, then an item per claim."""
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counts(verdicts).items())
    items = [f"- {escaped(one.claim)} **{begun(one.outcome)}{_seeds(one)}.** {escaped(_said(one))}" for one in verdicts]
    several = f"Of {len(verdicts)} claims: " if len(verdicts) != 1 else "Of one claim: "
    brief = glance(verdicts, label=label)
    short = "\n".join(f"- {escaped(item)}" for item in in_short(verdicts))
    return [
        f"{several}{summary}.",
        *([short] if short else []),
        *([to_markdown(brief).strip()] if brief else []),
        "\n".join(items),
    ]


def _said(verdict: Verdict) -> str:
    return f"{verdict.said} {verdict.caveat}".strip()


def _seeds(verdict: Verdict) -> str:
    return f" with {verdict.n} seed{'s' if verdict.n != 1 else ''}" if verdict.outcome == UNKNOWN else ""


def _code(item: str) -> str:
    """Escape an item but for the command that it may hold between backticks."""
    before, tick, code = item.partition("`")
    return f"{escaped(before)} {tick}{code}" if tick else escaped(item)


def _rule(experiment: Experiment, verdicts: Sequence[Verdict]) -> list[str]:
    items = [*experiment.rule, "What did not hold is not disproved."]
    tested = sum(one.outcome != MISSING for one in verdicts)
    if tested > 1 and not experiment.corrected:
        items.append(
            f"{tested} claims were tested at {ALPHA:g} in each direction, uncorrected: if there were no effect at all, "
            f"up to about {2 * tested * ALPHA:.1f} would be called held or the opposite by chance."
        )
    return items
