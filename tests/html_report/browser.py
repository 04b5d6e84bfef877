"""The report in the Chromium of the system, without a window: pages from disk, and every request that they make."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.waiting import wait_until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SKIP_REASON = "CHROMIUM IS NOT INSTALLED: the report was not tested in a browser; run `apt-get install chromium`"


@contextmanager
def started_browser() -> Iterator[Browser]:
    """A browser without access to the network."""
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class OpenedReport:
    """A report in a tab, with the requests, errors and dialogs that it caused."""

    def __init__(self, browser: Browser, path: Path, *, scheme: str = "light", width_px: int = 1440) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        dark = scheme == "dark"
        self.page: Page = browser.new_page(
            viewport={"width": width_px, "height": 900}, color_scheme="dark" if dark else "light"
        )
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog {dialog.message}"))
        self.page.goto(path.absolute().as_uri())
        self.wait_for("performance.getEntriesByName('voicemill:open').length > 0")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true. Playwright's own wait evaluates text in the page, which is blocked."""
        wait_until(lambda: self.page.evaluate(expression), expression)

    def open_row(self, place: int) -> None:
        """Open the row at a position of the table."""
        self.page.click(f"#row-{place}")
        self.page.wait_for_selector(f"#row-{place}[aria-selected=true]")
        self.page.wait_for_selector(".detail .facts")
