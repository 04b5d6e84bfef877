"""The report in a real browser, from disk: it plays, seeks, searches, is accessible, and runs nothing but itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.html_report.browser import CHROMIUM, SKIP_REASON, OpenedReport, started_browser
from tests.html_report.folders import add_audio, done_row, failed_row, passage, results_folder, spoken_words
from voicemill.html_report.write import write_embedded, write_report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=SKIP_REASON)

_MARKUP = "</script><img src=x onerror=alert(1)><b>bold</b> =1+1 \u202egnirts\u202c"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 60 rows, some with audio and words, with markup, a failure, a reference, and a bad passage."""
    rows = [done_row(number) for number in range(60)]
    rows[1] = done_row(1, _MARKUP)
    rows[2] = failed_row(2, message=_MARKUP)
    rows[3] |= {"op": "stt", "reference": "This is sentence number three of a book.", "word_error_rate": 0.25}
    rows[4] |= {"verdict": "bad", "suspect": ["missing"], "file_name": "audio/row #4, 100%?.wav"}
    passages = [passage(rows[4]), passage(rows[4], 2, "bad", "missing", text=_MARKUP)]
    path = tmp_path_factory.mktemp("browser") / "results"
    folder = results_folder(path, rows, words=spoken_words(rows[0]), passages=passages)
    for row in (rows[0], rows[4]):
        add_audio(folder, row)
    write_report(folder)
    write_embedded(folder, folder.path.parent / "mail.html", 1_000_000)
    return folder.report


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> OpenedReport:
    """The report in a tab for tests that only open rows. A new tab takes 1.5 s of CPU."""
    return OpenedReport(browser, report)


def test_the_page_opens_from_disk_and_requests_nothing_else(browser: Browser, report: Path) -> None:
    """The page and the recording beside it are the only files that are read, and nothing fails."""
    opened = OpenedReport(browser, report)
    opened.open_row(0)
    opened.wait_for("document.querySelector('audio').readyState > 0")
    addresses = {address for address in opened.requests if not address.startswith("data:image/svg")}
    assert addresses == {report.as_uri(), (report.parent / "audio/row-00000.wav").as_uri()}
    assert opened.errors == []
    assert opened.page.inner_text("h1") == "book.csv"


def test_a_click_on_a_word_plays_from_there(browser: Browser, report: Path) -> None:
    """A click seeks to the start of the word, and the word is highlighted; arrow keys move on."""
    opened = OpenedReport(browser, report)
    opened.open_row(0)
    word = opened.page.locator(".words span").nth(4)
    start_s = float((word.get_attribute("title") or "").removesuffix(" s"))
    word.click()
    opened.wait_for(f"document.querySelector('audio').currentTime >= {start_s}")
    opened.page.wait_for_selector(".words span[aria-current]")
    opened.page.evaluate("document.querySelector('audio').pause()")
    opened.page.focus(".words")
    opened.page.keyboard.press("ArrowRight")
    opened.page.wait_for_selector(
        ".words span[aria-current][data-place='5'], .words span[aria-current][data-place='6']"
    )


def test_hostile_text_is_shown_and_never_runs(opened: OpenedReport) -> None:
    """Markup appears as text, direction controls are visible, and a script that is added to the page does not run."""
    opened.open_row(1)
    text = opened.page.inner_text(".detail .text")
    assert "</script><img src=x onerror=alert(1)><b>bold</b> =1+1 ⟨U+202E⟩gnirts" in text
    opened.page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    )
    assert opened.page.evaluate("window.ran") is None
    assert all("Content Security Policy" in error for error in opened.errors)
    assert len(opened.errors) == 1


def test_problems_come_first_with_a_command(opened: OpenedReport, report: Path) -> None:
    """The failed row is listed before the table with its command, and opens from there."""
    first = opened.page.locator(".finding").first
    assert "The service or the network failed" in first.inner_text()
    assert f"voicemill retry {report.parent} --class transient" in first.inner_text()
    first.get_by_role("button", name="row-00002").click()
    assert opened.page.inner_text(".detail h3") == "row-00002"


def test_the_table_is_used_with_the_keyboard(browser: Browser, report: Path) -> None:
    """Search narrows the rows, arrow keys and Enter open one, Escape closes it, and a header sorts."""
    opened = OpenedReport(browser, report)
    opened.page.fill("#search", "number 12 of")
    opened.wait_for("document.querySelectorAll('.grid-body .grid-row').length === 1")
    opened.page.fill("#search", "")
    opened.page.focus("#grid")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        opened.page.keyboard.press(key)
    opened.page.wait_for_selector(".detail h3")
    assert opened.page.inner_text(".detail h3") == "row-00001"
    opened.page.focus(".detail button[aria-label='Close the row']")
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector(".detail", state="detached")
    opened.page.click("[role=columnheader][data-column=id] button")
    opened.page.click("[role=columnheader][data-column=id] button")
    assert opened.page.inner_text("#row-0 [data-column=id]") == "row-00059"


def test_a_transcript_is_compared_with_its_reference(opened: OpenedReport) -> None:
    """Words that differ from the reference are marked as missing and added; case and punctuation do not count."""
    opened.open_row(3)
    assert opened.page.locator(".diff del").all_inner_texts() == ["three", "a"]
    assert opened.page.locator(".diff ins").all_inner_texts() == ["3", "the"]


def test_a_bad_passage_is_shown_with_its_place_and_command(opened: OpenedReport, report: Path) -> None:
    """The detail of a row lists the bad passage first; its place plays, and the command names it."""
    opened.open_row(4)
    shown = opened.page.locator(".passages li").first
    assert shown.inner_text().split()[:2] == ["bad", "2"]
    assert "A detail." in shown.inner_text()
    assert f"voicemill book regenerate {report.parent} row-00004/2" in shown.inner_text()
    shown.get_by_role("button", name="Play from 1.50 s").click()
    opened.wait_for("document.querySelector('audio').currentTime >= 1.5")
    assert "Sarah" in opened.page.inner_text(".detail .facts")


@pytest.mark.parametrize(
    ("scheme", "width_px", "row", "query"),
    [("light", 1440, 0, ""), ("dark", 1440, 0, "number 4"), ("dark", 360, None, "")],
)
def test_the_page_has_no_accessibility_violation(
    browser: Browser, report: Path, scheme: str, width_px: int, row: int | None, query: str
) -> None:
    """Axe finds no violation with a row open, with filters and without, in both schemes, on wide and narrow screens."""
    opened = OpenedReport(browser, report, scheme=scheme, width_px=width_px)
    opened.page.wait_for_selector("#breakdown .plot")
    if query:
        opened.page.select_option("select >> nth=0", index=1)
        opened.page.fill("#search", query)
        opened.wait_for("document.querySelectorAll('.grid-body .grid-row').length < 20")
    if row is not None:
        opened.open_row(row)
    found = Axe().run(opened.page, options={"resultTypes": ["violations"]})
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []


_DRAWN_AND_NOTE = """[
    document.querySelectorAll('.grid-body .grid-row').length, document.querySelector('.printed')?.innerText ?? ''
]"""


def test_the_page_prints_its_content_without_controls(browser: Browser, report: Path) -> None:
    """On paper an open row follows the table instead of covering it, each drawn row is visible, and no control is."""
    opened = OpenedReport(browser, report, scheme="dark", width_px=800)
    opened.open_row(1)
    opened.page.emulate_media(media="print")
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert opened.page.evaluate(style.format(".detail", "position")) == "static"
    assert opened.page.evaluate(style.format(".detail", "color")) == "rgb(0, 0, 0)"
    grid = opened.page.evaluate("(({scrollHeight, clientHeight}) => scrollHeight - clientHeight)(grid)")
    assert grid <= 0
    drawn, note = opened.page.evaluate(_DRAWN_AND_NOTE)  # more rows are drawn once the grid has grown to its paper size
    assert note.startswith(f"{drawn} of 60 rows are printed") if drawn < 60 else not note
    assert [opened.page.is_visible(name) for name in ("#search", ".detail-buttons", ".choice")] == [False] * 3


def test_nothing_moves_for_users_who_prefer_that(browser: Browser, report: Path) -> None:
    """With `prefers-reduced-motion` no element has a transition or an animation, and links do not scroll smoothly."""
    opened = OpenedReport(browser, report)
    moving = """[...document.querySelectorAll('*')].map((element) => getComputedStyle(element)).filter((style) =>
        style.transitionDuration !== '0s' || style.animationName !== 'none' || style.scrollBehavior !== 'auto'
    ).length"""
    assert opened.page.evaluate(moving) > 0
    opened.page.emulate_media(reduced_motion="reduce")
    assert opened.page.evaluate(moving) == 0


def test_an_embedded_report_plays_without_its_folder(browser: Browser, report: Path) -> None:
    """The recording in a file of `--embed` plays, and no other file is read."""
    opened = OpenedReport(browser, report.parent.parent / "mail.html")
    opened.open_row(0)
    opened.wait_for("document.querySelector('audio').duration > 1")
    assert [address for address in opened.requests if not address.startswith("data:")] == [opened.page.url]
