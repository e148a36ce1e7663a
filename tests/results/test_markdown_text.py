"""Markdown: what a user wrote is shown as it stands, read back by an independent parser."""

from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

from results.tables.layout import Entry, Table
from results.tables.markdown import to_markdown

HOSTILE = [
    "a|b",
    r"a\|b\\",
    "**bold** and *italic*",
    "_under_ but linear_top1",
    "`code`",
    "~~gone~~",
    "[text](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp;",
    "# heading",
    "- item",
    "1. item",
    "> quoted",
    "[x]: http://example.org",
    "two\nlines",
]


def table(word: str) -> Table:
    entries = [Entry(word, notes=(1,)), Entry("1.0", value=1.0, bold=True), Entry("2.0", value=2.0, stale=True)]
    return Table(word, "scores", word, [word, "t", "u"], [word], [entries], [word], [])


def parsed(markdown: str) -> tuple[list[str], str]:
    """Plain text of everything that has text, in its order, and the HTML."""
    parser = MarkdownIt("gfm-like", {"linkify": False})
    found = []
    for token in parser.parse(markdown):
        if token.type == "inline":
            found.append("".join(child.content for child in token.children or [] if child.type == "text"))
    return found, parser.render(markdown)


@pytest.mark.parametrize("word", HOSTILE)
def test_names_captions_and_notes_come_back_as_they_were(word: str) -> None:
    texts, html = parsed(to_markdown(table(word)))
    plain = " ".join(word.split())
    assert texts == [plain, plain, "t", "u", f"{plain} [1]", "1.0", "2.0", f"[1] {plain}"]
    assert not any(f"<{tag}" in html for tag in ("a", "img", "code", "h1", "blockquote", "s>", "ol"))


def test_bold_and_italics_mark_the_best_and_the_stale() -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(to_markdown(table("name")))
    marks = {
        before.type: child.content
        for token in tokens
        for before, child in pairwise(token.children or [])
        if before.type in ("strong_open", "em_open")
    }
    assert marks == {"strong_open": "1.0", "em_open": "2.0"}
