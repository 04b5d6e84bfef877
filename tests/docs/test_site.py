"""The site builds without a warning, loads nothing from other hosts, and has valid links."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import voicemill
from docs.reference_pages.commands import commands
from docs.reference_pages.markdown import explained
from tests.docs.pages import DOCS, ROOT
from voicemill.errors import ExitCode

_BUILD_WITHOUT_COLLECTIONS = """
import gc, sys
from sphinx.cmd.build import main
gc.disable()
sys.exit(main(sys.argv[1:]))
"""
"""Builds the site without garbage collections, which take a tenth of the time."""


class _Page(HTMLParser):
    """The links, the loaded files and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the links, files and anchors of a tag."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.add(given["href"])
        elif tag in ("script", "img", "source", "iframe") and "src" in given:
            self.loaded.add(given["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    strict = ("--quiet", "--fail-on-warning", "--keep-going", "--builder", "html")
    command = [sys.executable, "-c", _BUILD_WITHOUT_COLLECTIONS, *strict, str(DOCS), str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def html(site: Path) -> dict[Path, _Page]:
    """Every page of the site."""
    return {path: _Page(path) for path in site.rglob("*.html")}


def test_every_link_is_valid(html: dict[Path, _Page]) -> None:
    """Links within the site name files and anchors that exist."""
    broken = [
        f"{path.name}: {link}"
        for path, page in html.items()
        for link in page.links
        if not _leads_somewhere(path, link, html)
    ]
    assert broken == []
    assert len(html) > 25


def _leads_somewhere(path: Path, link: str, html: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or not link.strip("#"):
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    known = html.get(target)
    return target.is_file() if known is None else not parts.fragment or unquote(parts.fragment) in known.anchors


def test_nothing_is_loaded_from_another_host(site: Path, html: dict[Path, _Page]) -> None:
    """Scripts, styles, fonts and pictures are files of the site."""
    assert [each for page in html.values() for each in page.loaded if urlsplit(each).netloc] == []
    styles = "\n".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)\"']+", styles) == []


def test_every_command_is_in_the_reference(site: Path) -> None:
    """The command reference has a heading for each command, with all of its options."""
    page = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name, command in commands():
        section = page.partition(f'id="{name.replace(" ", "-")}"')[2].partition("<section")[0]
        options = [each.opts[0] for each in command.params if each.param_type_name == "option" and not each.hidden]
        assert [option for option in options if option not in section] == []


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """The Python reference describes each public name; the page on errors describes the exceptions."""
    pages = [(site / "reference" / f"{name}.html").read_text(encoding="utf-8") for name in ("python", "errors")]
    names = set(voicemill.__all__) - {"__version__"}
    assert [name for name in names if f"voicemill.{name}" not in pages[0] and name not in pages[1]] == []


def test_a_name_without_an_explanation_fails_the_build() -> None:
    """The build fails if a name in the code has no explanation, or an explanation no name."""
    names = [each.name for each in ExitCode]
    assert set(explained("exit_codes", names)) == set(names)
    with pytest.raises(ValueError, match=r"missing .'NEW'."):
        explained("exit_codes", [*names, "NEW"])
    with pytest.raises(ValueError, match=r"not in the code .'OK'."):
        explained("exit_codes", names[1:])
