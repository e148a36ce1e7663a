"""The page in a real browser: what a person does with mouse, keyboard, phone and dark mode."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from report_browser import (
    DESKTOP,
    PHONE,
    Browser,
    Locator,
    Page,
    ViewportSize,
    chromium,
    contrasts,
    expect,
    needs_chromium,
    opened,
)
from report_store import IMG, QUOTES, write_page, write_store

pytestmark = needs_chromium
SCORES, NUMBERS = "#config-2-table", "#numbers-table"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    return write_page(write_store(folder / "runs"), folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, address) as shown:
        yield shown


def column(page: Page, table: str, name: str) -> list[str]:
    """Sort values of a column's fields in the rows that are shown, from above."""
    return page.eval_on_selector(  # type: ignore[no-any-return]
        table,
        """(table, name) => {
          const place = [...table.tHead.rows[0].cells].findIndex((one) => one.textContent.trim() === name);
          const shown = [...table.tBodies[0].rows].filter((row) => row.checkVisibility());
          return shown.map((row) => row.cells[place].dataset.value ?? row.cells[place].innerText);
        }""",
        name,
    )


def headings(page: Page, table: str) -> list[str]:
    return [text.strip() for text in page.locator(f"{table} thead th:visible").all_inner_texts()]


def button(page: Page, table: str, name: str) -> Locator:
    return page.locator(f"{table} thead").get_by_role("button", name=name, exact=True)


def field(page: Page, objective: str) -> Locator:
    """The first number of a row of the scores."""
    return page.locator(f"{SCORES} tr", has=page.get_by_role("rowheader", name=objective)).locator("a.number").first


def test_a_column_is_sorted_by_a_click_highest_first_then_lowest_then_as_it_was(page: Page) -> None:
    before = column(page, SCORES, "objective")
    numbers = [float(value) for value in column(page, SCORES, "shapes linear_top1")]
    assert numbers != sorted(numbers)[::-1]
    sort = button(page, SCORES, "shapes linear_top1")
    heading = page.locator(SCORES).get_by_role("columnheader", name="shapes linear_top1")
    sort.click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert [float(value) for value in column(page, SCORES, "shapes linear_top1")] == sorted(numbers)[::-1]
    sort.click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert [float(value) for value in column(page, SCORES, "shapes linear_top1")] == sorted(numbers)
    sort.click()
    assert heading.get_attribute("aria-sort") is None
    assert column(page, SCORES, "objective") == before


def test_what_is_missing_stands_last_in_either_order(page: Page) -> None:
    for _ in range(2):
        button(page, SCORES, "voc AP").click()
        values = column(page, SCORES, "voc AP")
        assert "" not in values[:3]
        assert values[3:] == ["", "", ""]


def test_a_column_is_sorted_by_the_keyboard(page: Page) -> None:
    sort = button(page, NUMBERS, "value")
    sort.focus()
    page.keyboard.press("Enter")
    values = [float(value) for value in column(page, NUMBERS, "value") if value]
    assert len(values) > 40
    assert values == sorted(values)[::-1]
    page.keyboard.press("Space")
    values = [float(value) for value in column(page, NUMBERS, "value") if value]
    assert values == sorted(values)


def test_scores_are_filtered_by_objective_task_and_metric(page: Page) -> None:
    form = page.get_by_role("form", name="Filter the scores of shapes")
    said = form.get_by_role("status")
    expect(said).to_have_text("6 of 6 rows, 3 of 3 columns shown")
    form.get_by_label("Objective").select_option(IMG)
    form.get_by_label("Task").select_option("shapes")
    form.get_by_label("Metric").select_option("knn_top1")
    expect(said).to_have_text("1 of 6 rows, 1 of 3 columns shown")
    assert column(page, SCORES, "objective") == [IMG]
    assert "shapes knn_top1" in headings(page, SCORES)
    assert not {"shapes linear_top1", "voc AP"} & set(headings(page, SCORES))
    form.get_by_role("button", name="Reset").click()
    expect(said).to_have_text("6 of 6 rows, 3 of 3 columns shown")


def test_the_long_list_is_filtered_and_searched(page: Page) -> None:
    form = page.get_by_role("form", name="Filter every number")
    said = form.get_by_role("status")
    total = len(column(page, NUMBERS, "value"))
    expect(said).to_have_text(f"{total} of {total} rows shown")
    form.get_by_label("Objective").select_option("mrcl")
    form.get_by_label("Metric").select_option("AP")
    assert sorted(column(page, NUMBERS, "seed")) == ["0", "1", "2"]
    expect(said).to_have_text(f"3 of {total} rows shown")
    form.get_by_role("button", name="Reset").click()
    form.get_by_label("Search").fill("mrcl stale knn, skipped")
    assert sorted(column(page, NUMBERS, "status")) == 3 * ["skipped: VOC: data/VOC2007 is missing"] + [
        "stale: training.epochs 10 instead of 20"
    ]


def test_a_click_on_a_number_opens_where_it_comes_from_and_escape_gives_the_focus_back(page: Page) -> None:
    number = field(page, "mrcl")
    number.click()
    panel = page.get_by_role("dialog", name="mrcl · shapes linear_top1")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("seed 050.00")
    expect(panel).to_contain_text("seed 254.00 (stale)")
    expect(panel.get_by_text("training.lr 0.001 instead of 0.003", exact=True)).to_be_visible()
    for text in (
        "mrcl · seed 0 · shapes",
        "12.2 s",
        "700 MiB",
        "8b1f2c0",
        "NVIDIA H200, 2 threads",
        "2030-01-31 12:05",
    ):
        expect(panel).to_contain_text(text)
    expect(panel).to_contain_text("progress 2\n…/benchmark/worker.py:7")
    expect(panel).to_contain_text('torch = "2.14.1"')
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()


def test_the_panel_works_by_the_keyboard_and_leads_upstream_and_back(page: Page) -> None:
    number = field(page, "infonce")
    number.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel).to_have_accessible_name("infonce · shapes linear_top1")
    assert page.evaluate("document.getElementById('panel').contains(document.activeElement)")
    panel.get_by_role("link", name="seed 1").press("Enter")
    expect(panel).to_contain_text("infonce · seed 1 · shapes")
    panel.get_by_role("link", name="pre-1-1").press("Enter")
    expect(panel).to_contain_text("infonce · seed 1 · pretraining")
    expect(panel).to_contain_text("training.batch = 256")
    expect(panel).to_contain_text("76,800")
    panel.get_by_role("button", name="Back").press("Enter")
    expect(panel).to_contain_text("infonce · seed 1 · shapes")
    for _ in range(60):  # the focus never leaves the panel for the page behind it
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(number).to_be_focused()


def test_a_failure_opens_its_panel_too(page: Page) -> None:
    page.locator(f"{SCORES} a.number", has_text="failed").click()
    panel = page.get_by_role("dialog", name=f"{IMG} · voc AP")
    expect(panel).to_contain_text("failed: out of memory (see …/a/log.txt)")


def test_an_address_with_a_key_opens_that_cell(page: Page, address: str) -> None:
    page.goto(f"{address}#cell-pre-2-0")
    page.reload()
    expect(page.get_by_role("dialog")).to_contain_text("mrcl · seed 0 · pretraining")


def test_names_are_shown_as_they_are_and_nothing_in_them_runs(page: Page) -> None:
    names = page.locator(f"{SCORES} tbody th").all_inner_texts()
    assert [name for name in names if name.startswith(IMG)]
    assert [name for name in names if name.startswith(QUOTES)]
    assert page.locator("img[src='x']").count() == 0
    field(page, IMG).click()
    expect(page.get_by_role("dialog")).to_contain_text("</pre></script><script>window.harmed = true</script>")
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("dialog script").count() == 0


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_itself_never_scrolls_sideways(page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.locator("a.number").first.click()
    assert page.evaluate("document.getElementById('panel').scrollWidth") <= size["width"]


def test_the_first_column_stays_in_sight_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    box = page.locator(".scroll", has=page.locator(SCORES))
    assert box.evaluate("(box) => { box.scrollLeft = 1e6; return box.scrollLeft; }") > 0
    name, frame = page.locator(f"{SCORES} tbody th").first.bounding_box(), box.bounding_box()
    assert name is not None
    assert frame is not None
    assert name["x"] == pytest.approx(frame["x"], abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.locator(f"{SCORES} a.number", has_text="failed").click()
    found = contrasts(page)
    assert len(found) > 300
    assert [line for line in found if float(line["ratio"]) < 4.5] == []
    grounds = {line["ground"] for line in found}
    assert ("rgb(255, 255, 255)" in grounds) == (scheme == "light")


def test_the_theme_can_be_chosen_and_is_remembered(page: Page) -> None:
    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    page.emulate_media(color_scheme="light")
    light = paper()
    toggle = page.get_by_role("button", name=re.compile("^Theme"))
    toggle.click()
    toggle.click()
    expect(toggle).to_have_text("Theme: dark")
    dark = paper()
    assert dark != light
    page.reload()
    assert paper() == dark
    toggle.click()
    assert paper() == light


def test_every_control_shows_where_the_focus_is(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_without_javascript_the_tables_are_there_and_no_dead_controls(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(f"{SCORES} tbody tr:visible").count() == 6
    assert page.locator(f"{NUMBERS} tbody tr:visible").count() > 40
    assert page.locator("button:visible, select:visible, input:visible").count() == 0
    assert "need JavaScript" in page.locator("noscript").inner_text()
    context.close()
