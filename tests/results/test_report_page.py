"""What is in the page, read from its HTML alone."""

import base64
import hashlib
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
from cell_store import PRETRAIN, copy_fixtures, write_evaluation, write_preparation
from report_store import IMG, LOG, NAMES, SCRIPT, STALE, Page, write_page, write_store

from results.order import objective_order
from results.report.writing import write_report
from results.store.loading import load
from results.tables.assembly import tables


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("store") / "runs")


@pytest.fixture(scope="module")
def path(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(runs, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def page(path: Path) -> Page:
    return Page(path)


def test_the_page_needs_nothing_beside_itself(page: Page) -> None:
    addresses = [e.attributes[name] for e in page.elements for name in ("src", "href") if name in e.attributes]
    assert len(addresses) > 100
    assert {re.sub(r"^(#|data:).*", r"\1", address, flags=re.DOTALL) for address in addresses} == {"#", "data:"}
    styles = "".join(element.text for element in page.all("style"))
    assert "@import" not in styles
    assert "url(" not in styles


def test_only_the_page_s_own_style_and_script_are_allowed_to_run(page: Page) -> None:
    (policy,) = [e.attributes["content"] for e in page.all("meta") if "http-equiv" in e.attributes]
    scripts = [e.text for e in page.all("script") if e.attributes.get("type") == "module"]
    styles = [e.text for e in page.all("style")]
    assert len(scripts) == len(styles) == 1
    for text in scripts + styles:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_names_are_text_and_never_markup(page: Page) -> None:
    assert len(page.all("script")) == 2
    assert {e.attributes["src"][:19] for e in page.all("img")} == {"data:image/svg+xml;"}
    assert not [e for e in page.elements if any(name.startswith("on") for name in e.attributes)]
    shown = [re.sub(r"( \(derived\)| \(floor\))?\d*$", "", row[0]) for row in page.rows("config-2-table")[1:]]
    assert sorted(shown) == sorted(" ".join(name.split()) for name in NAMES)


def test_ids_are_unique_and_links_lead_to_them(page: Page) -> None:
    ids = Counter(e.attributes["id"] for e in page.elements if "id" in e.attributes)
    assert {name: n for name, n in ids.items() if n > 1} == {}
    links = {unquote(e.attributes["href"].removeprefix("#")) for e in page.all("a")}
    assert {link for link in links if link not in ids} == set()


def test_every_number_of_the_frame_is_in_the_page(page: Page, runs: Path) -> None:
    frame = load(runs, stale=STALE)
    names = ("config", "objective", "seed", "task", "dataset", "metric", "split", "selection")
    head, *rows = page.rows("numbers-table")
    assert head == ["config", "objective", "seed", "task", "data set", *names[5:], "value", "status"]
    numbers = frame[frame["value"].notna()]
    expected = Counter(
        (*(" ".join(str(field).split()) for field in row[:-1]), f"{100 * row[-1]:.2f}" if row[-1] <= 1 else "3.25 nats")
        for row in numbers[[*names, "value"]].itertuples(index=False)
    )
    assert Counter(tuple(row[:-1]) for row in rows if row[4]) == expected


def test_the_panel_has_every_number_as_it_is_stored(page: Page, runs: Path) -> None:
    frame = load(runs, stale=STALE)
    cells = page.provenance()["cells"]
    for key, dataset, metric, split, selection, value in frame.loc[
        frame["value"].notna(), ["key", "dataset", "metric", "split", "selection", "value"]
    ].itertuples(index=False):
        scores, place = cells[key]["scores"], [dataset, metric, split, selection]
        assert [float(score.pop(2)) for score in map(list, scores) if score[:2] + score[3:] == place] == [value]


def test_the_scores_are_those_of_the_other_formats(page: Page, runs: Path) -> None:
    ties = 0
    for place, table in enumerate(tables(load(runs, stale=STALE), derived={"mrcl"}), start=1):
        head, *rows = page.rows(f"config-{place}-table")
        assert head == table.header
        for row, entries in zip(rows, table.rows, strict=True):
            for text, entry in zip(row, entries, strict=True):
                marks = "".join([*(["tie"] if entry.tie else []), *map(str, entry.notes)])
                said = " ".join(entry.text.split())
                assert text in ([said + marks] if said else [f"{word}{marks}" for word in WORDS])
                ties += entry.tie
    assert ties == 2  # columns that are not the first of their task carry none


WORDS = ("failed", "skipped", "not run", "none", "")


def test_a_missing_number_has_its_reason_and_is_never_zero(page: Page) -> None:
    head, *rows = page.rows("config-2-table")
    place = head.index("voc AP")
    fields = {name: row[place] for name, row in zip(objective_order(NAMES), rows, strict=True)}
    assert re.fullmatch(r"failed\d", fields[IMG])
    assert re.fullmatch(r"skipped\d", fields[SCRIPT])
    assert re.fullmatch(r"not run\d", fields[NAMES[-1]])
    notes = [e.text for e in page.all("li") if "config-2-note" in e.attributes.get("id", "")]
    assert [note for note in notes if "out of memory" in note]
    assert [note for note in notes if "data/VOC2007 is missing" in note]
    missing = [row for row in page.rows("missing") if row[0] in (IMG, SCRIPT)]
    assert len(missing) == 6
    assert {row[-1] for row in missing} == {"out of memory (see …/a/log.txt)", "VOC: data/VOC2007 is missing"}


def test_a_stale_number_is_grey_and_says_what_has_changed(page: Page) -> None:
    (change,) = STALE.values()
    assert ["mrcl", "2", "shapes", "shapes", "yes", change] in page.rows("stale")
    grey = [e.text for e in page.all("td", inside="config-2-table") if "grey" in e.attributes["class"]]
    assert len(grey) == 2
    assert [row[-1] for row in page.rows("numbers-table") if row[-1].startswith("stale")] == 2 * [f"stale: {change}"]


def test_a_stale_cell_whose_number_does_not_count_is_listed_all_the_same(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    key = write_evaluation(runs, {"linear_top1": 0.5}, {"key": "new"})
    write_evaluation(runs, {"linear_top1": 0.25}, {"key": "old", "inputs": {"options": {"neighbours": [10]}}})
    stale = {"old": "options.neighbours [10] instead of [20]"}
    page = Page(write_report(runs, keys={key}, stale=stale, derived=(), out=tmp_path / "report.html"))
    assert page.rows("stale")[1:] == [["infonce", "0", "shapes", "no", *stale.values()]]
    assert [row[-2:] for row in page.rows("numbers-table")[1:]] == [["50.00", "done"]]
    assert set(page.provenance()["cells"]) == {"new", "old"}


def test_the_overview_counts_as_stale_what_is_listed_as_stale(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    new = {write_evaluation(runs, {"linear_top1": 0.5}, {"key": f"new-{seed}", "seed": seed}) for seed in range(2)}
    stale = dict.fromkeys(["old-0", "old-1", "alone"], "training.lr 0.1 instead of 0.2")
    for seed in range(2):
        inputs = {"options": {"neighbours": [10]}}
        write_evaluation(runs, {"linear_top1": 0.25}, {"key": f"old-{seed}", "seed": seed, "inputs": inputs})
    write_evaluation(runs, {"linear_top1": 0.75}, {"key": "alone", "objective": "mrcl"})
    page = Page(write_report(runs, keys=new, stale=stale, derived=(), out=tmp_path / "report.html"))
    head, row = page.rows("overview")
    counts = dict(zip(head, row, strict=True))
    assert (counts["cells"], counts["done"], counts["stale"]) == ("3", "3", "3")
    listed = [(row[0], row[3]) for row in page.rows("stale")[1:]]
    assert listed == [("mrcl", "yes"), ("infonce", "no"), ("infonce", "no")]
    (caption,) = [e.text for e in page.all("p", inside="stale")]
    assert caption.startswith(
        "Of the cells that code or config have moved on from, 1 stands in the tables, in grey, since nothing newer is "
        "there, and 2 are in no table or figure any more; "
    )


def test_a_stale_preparation_whose_costs_count_is_listed_and_can_be_opened(tmp_path: Path) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    stale = dict.fromkeys([write_preparation(runs, {"mutual_information_nats": 3.2}, wall_s=5), PRETRAIN], "views")
    page = Page(write_report(runs, keys=(), stale=stale, derived=(), out=tmp_path / "report.html"))
    assert [row[2:4] for row in page.rows("stale")[1:]] == [["preparing views", "yes"], ["pretraining", "yes"]]
    links = {unquote(e.attributes["href"].removeprefix("#")) for e in page.all("a")}
    assert links <= {e.attributes.get("id") for e in page.elements}
    assert {f"cell-{key}" for key in stale} <= links


def test_a_log_is_shown_as_a_terminal_would_show_it(page: Page) -> None:
    texts = page.provenance()["texts"]
    assert LOG not in texts
    shown = f"first line\nred\nprogress 2\n…/benchmark/worker.py:7\n</pre>{SCRIPT}"
    assert [text for text in texts if text == shown] == [shown]


def test_every_cell_s_record_names_inputs_and_differences_to_the_reference(page: Page) -> None:
    provenance = page.provenance()
    texts, cells = provenance["texts"], provenance["cells"]
    record = cells["pre-2-0"]
    assert record["differences"] == {
        "of": "pre-1-0",
        "note": "",
        "lines": ["objective mrcl instead of infonce", "training.lr 0.001 instead of 0.003"],
    }
    assert record["confounds"] == ["training.lr 0.001 instead of 0.003"]
    inputs = dict(record["inputs"])
    assert texts[inputs["training"]] == "training.batch = 256\ntraining.epochs = 20\ntraining.lr = 0.001"
    assert dict(record["facts"])["Peak memory"] == "1.2 GiB"
    assert cells["shapes-1-0-shapes"]["upstream"] == "pre-1-0"
    assert cells["shapes-1-0-shapes"]["differences"]["note"]


def test_what_cells_share_is_stored_once(page: Page) -> None:
    texts = page.provenance()["texts"]
    assert len(set(texts)) == len(texts) < 60


def test_no_folder_of_the_machine_is_in_the_page(path: Path, runs: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for folder in (str(runs.parent), str(Path(__file__).parents[2]), "jane"):
        assert folder not in text


def test_the_same_cells_give_the_same_bytes(path: Path, runs: Path, tmp_path: Path) -> None:
    assert write_page(runs, tmp_path / "again.html").read_bytes() == path.read_bytes()
