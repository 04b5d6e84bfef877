"""Small EPUBs that tests build: a dictionary of files, or a few documents with a table of contents."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def page(body: str, head: str = "<title>Page</title>") -> str:
    """An XHTML document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head>{head}</head><body>{body}</body></html>"
    )


def nav(entries: str) -> str:
    """A navigation document whose list has these items."""
    return page(f'<nav epub:type="toc"><ol>{entries}</ol></nav>')


def items(*pairs: tuple[str, str]) -> str:
    """List items of a table of contents, from addresses and titles."""
    return "".join(f'<li><a href="{href}">{title}</a></li>' for href, title in pairs)


def package(documents: Sequence[str], *, manifest: str = "", spine: str = "", guide: str = "", toc: str = "") -> str:
    """A package document whose spine has these documents; `manifest`, `spine` and `guide` are added to it."""
    listed = "".join(
        f'<item id="d{index}" href="{name}" media-type="application/xhtml+xml"/>'
        for index, name in enumerate(documents)
    )
    refs = "".join(f'<itemref idref="d{index}"/>' for index in range(len(documents)))
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Test</dc:title><dc:creator>Ann Author</dc:creator>'
        f"<dc:language>en-GB</dc:language></metadata><manifest>{listed}{manifest}</manifest>"
        f"<spine{f' toc={toc!r}' if toc else ''}>{refs}{spine}</spine>{guide}</package>"
    )


NAV_ITEM = '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'


def write_epub(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """An EPUB with these files below `OPS/`; names that begin with `/` are at the root."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        if "/META-INF/container.xml" not in files:
            archive.writestr("META-INF/container.xml", CONTAINER)
        for name, content in files.items():
            archive.writestr(name[1:] if name.startswith("/") else f"OPS/{name}", content)
    return path


def epub_of(path: Path, bodies: Mapping[str, str], entries: str | None = None, **package_parts: str) -> Path:
    """An EPUB of documents by name, with a navigation document of these entries; None for no table of contents."""
    files: dict[str, str | bytes] = {name: page(body) for name, body in bodies.items()}
    manifest = package_parts.pop("manifest", "")
    if entries is not None:
        files["nav.xhtml"] = nav(entries)
        manifest += NAV_ITEM
    files["package.opf"] = package(list(bodies), manifest=manifest, **package_parts)
    return write_epub(path, files)
