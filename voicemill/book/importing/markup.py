"""Parse XHTML and HTML without external entities, network access or loss of text."""

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final

from lxml import etree

from voicemill.book.importing.source import Element
from voicemill.errors import BookError

MAX_MARKUP_BYTES: Final = 32 * 1024 * 1024
"""The largest document of a book; the Bible is 5 MB."""
_MAX_ENTITY_CHARACTERS: Final = 1000
_ZEROS_LOOKED_AT: Final = 1000
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[>]*(?:\[(?P<subset>.*?)\]\s*)?>", re.DOTALL | re.IGNORECASE)
_DECLARED = re.compile(r"<!ENTITY\s+(?P<name>[\w.:-]+)\s+(?P<rest>[^>]*)>", re.DOTALL)
_REFERENCE = re.compile(r"&([A-Za-z_][\w.:-]*);")
_KEPT_ENTITIES: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARATION = re.compile(r"\A\s*<\?xml\b.*?\?>", re.DOTALL)
_ENCODING = re.compile(rb"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)[\"']")
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w.-]+)", re.IGNORECASE)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_CHARACTER_REFERENCE = re.compile(r"&#(x[0-9a-fA-F]+|\d+);")
_C1: Final = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}
"""Control characters that no text has, and the characters of Windows-1252 that are meant."""
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decoded(content: bytes, name: str) -> str:
    """The text of a document: by its byte order mark, its declaration, UTF-8, or Windows-1252. Raises `BookError`.

    UTF-8 with a few bytes of Windows-1252, as pasting leaves them, is read as such.
    """
    if len(content) > MAX_MARKUP_BYTES:
        raise BookError(
            f"{name} has {len(content):,} bytes of markup, but the limit is {MAX_MARKUP_BYTES:,}; split the document"
        )
    encodings = [encoding for mark, encoding in _BOMS if content.startswith(mark)] or [*_declared_encodings(content)]
    if not encodings or encodings[0] != "utf-16":
        encodings = [*_encodings_of_zeros(content), *encodings]
    for encoding in (*encodings, "cp1252", "latin-1"):
        try:
            text = _mostly_utf_8(content) if encoding == "cp1252" else content.decode(encoding)
        except (UnicodeError, LookupError):
            continue
        return text.removeprefix("\ufeff").translate(_C1)
    raise BookError(f"{name} cannot be decoded; save it as UTF-8")


def _encodings_of_zeros(content: bytes) -> Iterator[str]:
    """UTF-16 without a byte order mark: most of the first bytes at odd or at even places are zero."""
    start = content[:_ZEROS_LOOKED_AT]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        places = start[first::2]
        if places.count(0) > len(places) / 2 and start[1 - first :: 2].count(0) < len(places) / 4:
            yield encoding


def _declared_encodings(content: bytes) -> Iterator[str]:
    """The declared encoding and UTF-8; UTF-8 first where text in it is unlikely to be in the declared encoding."""
    found = _ENCODING.search(content[:1000]) or _CHARSET.search(content[:4000])
    declared = found[1].decode("ascii", "replace").lower() if found else ""
    is_single_byte = declared.startswith(("iso-8859", "iso8859", "latin", "windows-125", "cp125", "us-ascii", "ascii"))
    if declared and not is_single_byte and not declared.startswith(("utf-16", "utf-32", "ucs")):
        yield declared
    yield "utf-8"
    if is_single_byte and declared not in ("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"):
        yield declared


def _mostly_utf_8(content: bytes) -> str:
    """The text in UTF-8 with single bytes of Windows-1252, or in Windows-1252 if most of its characters are."""
    text = content.decode("utf-8", "surrogateescape")
    wrong = len(_WRONG_BYTE.findall(text))
    right = sum(not character.isascii() for character in text) - wrong
    if right <= wrong:
        return content.decode("cp1252")
    return _WRONG_BYTE.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def parse(text: str, name: str) -> tuple[Element, str]:
    """The root element, and the control characters that no document may have and that were removed.

    XML is parsed strictly; what is not well formed is parsed as HTML. Raises `BookError`.
    """
    removed = "".join(_ILLEGAL.findall(text))
    text = _DECLARATION.sub("", _ILLEGAL.sub("", text), count=1)
    text = _with_characters(_with_entities(text, name))
    if not text.strip():
        text = "<html><body></body></html>"
    try:
        root = etree.fromstring(text, _xml_parser())
    except (etree.XMLSyntaxError, ValueError):  # lxml raises ValueError for another XML declaration.
        root = None
    if root is None or root.tag == "HTML":  # Then attributes may be in capitals, too.
        text = _CDATA.sub(lambda found: html.escape(found[1], quote=False), text)
        return _parsed_as_html(text, name), removed
    return root, removed


def parse_html(text: str, name: str) -> tuple[Element, str]:
    """The same for HTML that need not be well formed."""
    removed = "".join(_ILLEGAL.findall(text))
    text = _with_entities(_DECLARATION.sub("", _ILLEGAL.sub("", text), count=1), name)
    return _parsed_as_html(_with_characters(text), name), removed


def _xml_parser() -> Element:
    # The size is limited before, so `huge_tree` only allows deep trees and long texts.
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True, remove_pis=True
    )


def _parsed_as_html(text: str, name: str) -> Element:
    if not text.strip():
        text = "<html><body></body></html>"
    parser = etree.HTMLParser(no_network=True, huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.ParserError as error:
        raise BookError(f"{name} cannot be read as markup ({error})") from None
    if root is None:
        root = etree.fromstring("<html><body></body></html>", _xml_parser())
    if any("xcessive depth" in entry.message or "huge" in entry.message for entry in parser.error_log):
        raise BookError(f"{name} has elements that are nested too deeply to be read")
    _check_nothing_lost(root, text, name)
    return root


def _check_nothing_lost(root: Element, text: str, name: str) -> None:
    """Compare with the text between tags: a parser that gives up early would lose the rest."""
    bare = re.sub(r"<!--.*?-->|<[a-zA-Z/!?][^<>]*>", "", text, flags=re.DOTALL)
    expected = len("".join(_REFERENCE.sub("", bare).split()))
    found = len("".join("".join(root.itertext()).split()))
    if found + 100 < expected * 0.98:
        raise BookError(f"{name} is damaged: {expected - found:,} of {expected:,} characters cannot be read")


def _with_entities(text: str, name: str) -> str:
    """The text without its document type, and with the characters that named entities stand for."""
    declared: dict[str, str | None] = {}

    def forget(found: "re.Match[str]") -> str:
        declared.update(_declared(found["subset"] or ""))
        return ""

    text = _DOCTYPE.sub(forget, text, count=1)
    if not declared and "&" not in text:
        return text

    def character(found: "re.Match[str]") -> str:
        entity = found[1]
        if entity in declared:
            value = declared[entity]
            if value is None:
                raise BookError(
                    f"{name} uses the entity {entity!r}, which is external or nested; such books are refused"
                )
            return value
        if entity in _KEPT_ENTITIES:
            return found[0]
        known = html5.get(f"{entity};")
        return f"&amp;{entity};" if known is None else known.replace("&", "&amp;").replace("<", "&lt;")

    return _REFERENCE.sub(character, text)


def _declared(subset: str) -> dict[str, str | None]:
    """The entities that a document type declares; None for those that are external or refer to others."""
    found: dict[str, str | None] = {}
    for declared in _DECLARED.finditer(subset):
        rest = declared["rest"].strip()
        value = rest[1:-1] if rest[:1] in "\"'" and rest[-1:] == rest[:1] and len(rest) > 1 else None
        is_plain = value is not None and not re.search(r"[<%]|&(?!#)", value) and len(value) <= _MAX_ENTITY_CHARACTERS
        found[declared["name"]] = value if is_plain else None
    return found


def _with_characters(text: str) -> str:
    """The text without references to characters that no document may have; those of Windows-1252 are corrected."""

    def legal(found: "re.Match[str]") -> str:
        digits = found[1]
        number = int(digits[1:], 16) if digits[0] == "x" else int(digits)
        if number in _C1:
            return _C1[number]
        is_legal = number < 0x110000 and (number in (9, 10, 13) or not _ILLEGAL.match(chr(number)))
        return found[0] if is_legal else ""

    return _CHARACTER_REFERENCE.sub(legal, text) if "&#" in text else text
