r"""LaTeX: the structure of the text, and what pdflatex says where there is one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from results.tables.latex import to_latex
from results.tables.layout import Entry, Table

HOSTILE = [
    r"a&b%c$d#e_f{g}h~i^j\k",
    r"\input{secrets}\end{tabular}",
    "[2cm]",
    "*",
    "the \"quoted\" --set x=1 ?` !` '' ,, <<>> |",
    "é ß ± \N{MULTIPLICATION SIGN} \N{MINUS SIGN} \N{EN DASH}",
    "中文 \N{PARTY POPPER} β \u200b",
    "two\nlines\tand a tab\x07",
]


def table(words: list[str], further: list[Table] | None = None) -> Table:
    """A table in which every text that a user can give is one of `words`."""
    rows = [
        [
            Entry(word, notes=(1,)),
            Entry("41.2 ± 0.3", value=41.2, bold=True),
            Entry("-1.0", value=-1.0, stale=True),
            Entry("", (1, 2)),
        ]
        for word in words
    ]
    return Table(
        words[0], "scores", words[0], ["objective", *(3 * words)[:3]], words, rows, (2 * words)[:2], further or []
    )


def unescaped(text: str, character: str) -> int:
    return len(re.findall(rf"(?<!\\)(?:\\\\)*{re.escape(character)}", text.replace(r"\\[", "")))


def test_every_row_has_as_many_fields_as_the_table_has_columns() -> None:
    text = to_latex(table(HOSTILE, [table(HOSTILE[:3])]))
    lines = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(lines) == (1 + len(HOSTILE)) + (1 + 3)
    assert {unescaped(line.removesuffix(r" \\"), "&") for line in lines} == {3}
    assert re.findall(r"\\begin\{tabular\}\{(.*)\}", text) == ["lrrr", "lrrr"]


def test_environments_and_braces_are_balanced() -> None:
    text = to_latex(table(HOSTILE, [table(HOSTILE[:3])]))
    open_ones: list[str] = []
    for what, name in re.findall(r"(?<!\\)\\(begin|end)\{(\w+)\}", text):
        if what == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert open_ones == []
    assert unescaped(text, "{") == unescaped(text, "}")
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [2, 2, 2]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("50% of $x_1", r"50\% of \$x\_1"),
        (r"\cmd{x}", r"\textbackslash{}cmd\{x\}"),
        ("[2cm]*", r"{[}2cm]{*}"),
        ("--set", "-{}-set"),
        ("a ± b", r"a $\pm$ b"),
        ("中", r"{[}U+4E2D]"),
        ("one\n two", "one two"),
    ],
)
def test_what_a_user_wrote_is_shown_as_it_stands(given: str, written: str) -> None:
    first = to_latex(table([given])).splitlines()
    (row,) = [line for line in first if line.endswith(r" \\") and "41.2" in line]
    assert row.startswith(rf"{written} {{[}}1] & ")


def test_bold_stale_and_negative_numbers_are_marked_as_such() -> None:
    (row,) = [line for line in to_latex(table(["infonce"])).splitlines() if "41.2" in line]
    assert row.split(" & ")[1:] == [
        r"\textbf{41.2 $\pm$ 0.3}",
        r"\textcolor{gray}{$-$1.0}",
        r"{[}1] {[}2] \\",
    ]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_it_compiles_with_booktabs_and_xcolor_alone(tmp_path: Path) -> None:
    preamble = r"\documentclass{article}\usepackage{booktabs,xcolor}\begin{document}"
    text = to_latex(table(HOSTILE, [table([word]) for word in HOSTILE]))
    (tmp_path / "page.tex").write_text(f"{preamble}\n{text}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
