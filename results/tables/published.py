"""Tables of published numbers: beside ours where we have the same one, else listed apart. Never are the two mixed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

import pandas as pd

from results.ledger.counterparts import NOT_COMPARABLE, Counterpart, beside, pretraining_differences
from results.ledger.numbers import Ledger, Published
from results.order import objective_label, objective_order
from results.statistics.inference import LEVEL
from results.store.cells import Cell
from results.tables.layout import Entry, Footnotes, Table

_PUBLISHED = "published, not ours"
_HEADER = ["objective", "number", "ours", _PUBLISHED, "verdict", "paper and table"]
_LISTED = ["objective", "number", _PUBLISHED, "beside ours", "paper and table"]
_TELLING = ("objective ", "pretrain", "architecture ", "epochs ", "batch ", "image size ", "not stated")
_ORACLE = "Oracle: the best epoch on the test data, where the paper reports that."
_BESIDE = (
    f"our numbers beside those that papers print, in %. {_ORACLE} A match or a miss is claimed where protocols agree "
    "in every field and three seeds or more were run. A published number is one run: it is a match within the "
    f"{LEVEL:.0%} prediction interval of one more run like ours (of normal values, widened by half a unit of its last "
    "printed digit), else a miss."
)
_APART = (
    "what papers print for these methods, in %: of each of their tables the first column alone. None of it is ours, "
    f"and no task here measures the same. {_ORACLE}"
)

Row = tuple[str, list[Entry]]
"""Name of an objective's row, and the entries of one line."""


def published_tables(
    frame: pd.DataFrame,
    *,
    cells: Collection[Cell],
    ledger: Ledger,
    derived: Collection[str],
    unmatched: bool = False,
) -> dict[str, list[Table]]:
    """Lay out what papers report beside the numbers of every config.

    Args:
        frame: of `results.store.loading.load`.
        cells: of `results.store.cells.read_cells`, of the same folder.
        ledger: of `results.ledger.numbers.read_ledger`.
        derived: objectives to mark as derived.
        unmatched: of a config that has none of these numbers itself, list what is published for its methods.

    Returns:
        config -> its table; `further` of `results.tables.writing`. A config with nothing to show is not in it.
    """
    pairs: dict[str, list[Counterpart]] = {}
    for pair in beside(frame, cells=cells, ledger=ledger):
        pairs.setdefault(pair.config, []).append(pair)
    found: dict[str, list[Table]] = {}
    pretrained = _pretrained(frame, cells)
    for config in sorted({*pretrained, *pairs}):
        trained, own, notes = pretrained.get(config, {}), _nearest(pairs.get(config, [])), Footnotes()
        if own:
            rows = [*_beside(own, derived=derived, notes=notes)]
        elif unmatched:
            rows = [*_listed(trained, ledger=ledger, derived=derived, notes=notes)]
        else:
            continue
        header, said = (_HEADER, _BESIDE) if own else (_LISTED, _APART)
        rows += _absent(trained, ledger=ledger, derived=derived, notes=notes, width=len(header))
        if rows:
            found[config] = [_table(config, f"{config}: {said}", header, rows, notes)]
    return found


def _pretrained(frame: pd.DataFrame, cells: Collection[Cell]) -> dict[str, dict[str, Cell]]:
    """The rows of every config in their order, and a pretraining of each, of the first seed."""
    keys = {*frame["key"], *frame["upstream"].dropna()}
    first: dict[str, dict[str, Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (cell.config, cell.seed)):
        if cell.key in keys and cell.kind == "pretrain":
            first.setdefault(cell.config, {}).setdefault(cell.objective, cell)
    return {config: {name: rows[name] for name in objective_order(rows)} for config, rows in first.items()}


def _nearest(pairs: Sequence[Counterpart]) -> list[Counterpart]:
    """Of several published numbers of one paper for one of ours, those whose protocols differ least."""

    def place(pair: Counterpart) -> tuple[str | None, ...]:
        return pair.published.objective, pair.published.dataset, pair.published.metric, pair.published.paper

    least: dict[tuple[str | None, ...], int] = {}
    for pair in pairs:
        least[place(pair)] = min(least.get(place(pair), len(pair.differences)), len(pair.differences))
    return [pair for pair in pairs if len(pair.differences) == least[place(pair)]]


def _beside(pairs: Sequence[Counterpart], *, derived: Collection[str], notes: Footnotes) -> Iterator[Row]:
    """One line per number of ours and published one; a number that a paper prints in two tables has one line."""
    lines: dict[tuple[object, ...], list[Counterpart]] = {}
    for pair in pairs:
        known = pair.published
        same = (known.objective, known.dataset, known.metric, known.paper, known.printed, pair.values, pair.differences)
        lines.setdefault(same, []).append(pair)
    order = objective_order(str(pair.published.objective) for pair in pairs)
    for group in sorted(lines.values(), key=lambda group: order.index(str(group[0].published.objective))):
        pair, name = group[0], str(group[0].published.objective)
        yield (
            name,
            [
                Entry(objective_label(name, derived=derived)),
                Entry(_number(pair.published)),
                Entry(_ours(pair), value=100 * pair.mean),
                Entry(pair.published.printed, value=100 * pair.published.value),
                Entry(pair.verdict, notes=notes.mark("; ".join(pair.differences))),
                _place([each.published for each in group], notes),
            ],
        )


def _listed(
    trained: Mapping[str, Cell], *, ledger: Ledger, derived: Collection[str], notes: Footnotes
) -> Iterator[Row]:
    """One line per method of ours and published table, with the first of its columns."""
    for method, (name, label, cell) in _methods(trained, derived).items():
        alike = [known for known in ledger.numbers if known.objective is not None and known.method == method]
        for _, group in groupby(alike, key=lambda known: known.file):
            printed = list(group)
            first = [known for known in printed if known.column == printed[0].column]
            yield (
                name,
                [
                    Entry(label),
                    Entry(_number(first[0])),
                    Entry(";\n".join(f"{known.row} {known.printed}" for known in first)),
                    Entry(NOT_COMPARABLE, notes=notes.mark(_in_short(first, cell))),
                    _place(first[:1], notes, remarks=False),
                ],
            )


def _absent(
    trained: Mapping[str, Cell], *, ledger: Ledger, derived: Collection[str], notes: Footnotes, width: int
) -> Iterator[Row]:
    """One line per method that has no published number, with the reason."""
    absences = {absence.objective: absence for absence in ledger.absences}
    for method, (name, label, _) in _methods(trained, derived).items():
        if method in absences:
            absence = absences[method]
            place = Entry(f"{absence.paper} (arXiv {absence.arxiv})")
            blank = [Entry("") for _ in range(width - 3)]
            yield name, [Entry(label), *blank, Entry("none published", notes=notes.mark(absence.why)), place]


def _methods(trained: Mapping[str, Cell], derived: Collection[str]) -> dict[str, tuple[str, str, Cell]]:
    """Objective, as the registry names it -> the first row made of it, a label of all such rows, its pretraining."""
    rows: dict[str, list[str]] = {}
    for name, cell in trained.items():
        rows.setdefault(str(cell.inputs.get("objective")), []).append(name)
    found = {}
    for method, names in rows.items():
        first = method if method in names else names[0]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        found[method] = (first, f"{objective_label(first, derived=derived)}{more}", trained[first])
    return found


def _number(known: Published) -> str:
    selection = "" if known.selection is None else f" ({known.selection})"
    return f"{known.dataset} {known.metric}{selection}"


def _ours(pair: Counterpart) -> str:
    digits, spread = pair.published.digits, pair.std
    parts = [f"{100 * pair.mean:.{digits}f}", *([f"± {100 * spread:.{digits}f}"] if spread is not None else [])]
    return " ".join([*parts, f"(n={len(pair.values)})"])


def _in_short(known: Sequence[Published], cell: Cell) -> str:
    """Of the differences from all of these numbers those that tell most, and how many there are besides.

    A field in which ours differs from each of them, but not from each in the same way, is named without its values.
    """
    first, *others = (_by_field(pretraining_differences(each, cell)) for each in known)
    common = {field: said for field, said in first.items() if all(field in other for other in others)}
    same = {field for field, said in common.items() if all(other[field] == said for other in others)}
    told = [said for field, said in common.items() if field in same and said.startswith(_TELLING)]
    named = [start.strip() for start in _TELLING for field in common if field not in same and field.startswith(start)]
    varied = f"{' and '.join(named)} differ{'s' if len(named) == 1 else ''} from every row" if named else ""
    rest = len(common) - len(told) - len(named)
    more = f"{rest} more in the pretraining" if rest else ""
    return "; ".join(filter(None, ["another task", *told, varied, more]))


def _by_field(differences: Sequence[str]) -> dict[str, str]:
    """Differences by what is said before the paper's value: the field, and our value, which is the same for all."""
    return {said.partition(" instead of ")[0]: said for said in differences}


def _place(known: Sequence[Published], notes: Footnotes, *, remarks: bool = True) -> Entry:
    """Paper and tables, with the source and what else has to be known as footnotes."""
    first = known[0]
    second_hand = f"{first.confidence}: " if first.confidence != "authors" else ""
    source = f"{second_hand}{first.source}{f' ({first.url})' if first.url else ''}"
    said = dict.fromkeys([source, *(note for each in known for note in each.notes if remarks)])
    tables = "; ".join(dict.fromkeys(each.table for each in known))
    return Entry(f"{first.paper}, {tables}", notes=tuple(mark for note in said for mark in notes.mark(note)))


def _table(config: str, caption: str, header: list[str], rows: Sequence[Row], notes: Footnotes) -> Table:
    return Table(
        config=config,
        subject="published numbers",
        caption=caption,
        header=header,
        objectives=[name for name, _ in rows],
        rows=[entries for _, entries in rows],
        notes=notes.texts,
        further=[],
    )
