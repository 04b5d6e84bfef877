"""Change the parts of a DOCX file before its conversion: what it would lose, or keep although no reader sees it."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from voicemill.book.importing.contents_pages import TITLE
from voicemill.book.importing.source import Element, local_name
from voicemill.book.importing.word_styles import VALUE, WORDS, WordStyles, is_on, outline_level, value_of

_LONGEST_CONTENTS_TITLE: Final = 40


def simplified(body: Element, styles: WordStyles) -> Iterator[tuple[str, str]]:
    """Remove hidden and deleted text and reading aids, with the rule of each; the rest becomes paragraphs and runs."""
    for element, rule in [(each, rule) for each in body.iter() if (rule := _rule(each, styles))]:
        if text := _run_text(element):
            yield text, rule
        element.getparent().remove(element)
    for element in [each for each in body.iter() if local_name(each) == "omath"]:
        _replace(element, [_run(_run_text(element))])
    for element in [each for each in body.iter() if local_name(each) in ("fldsimple", "rubybase", "ruby")]:
        _unwrap(element)
    for element in [each for each in body.iter() if local_name(each) == "customxml"]:
        _replace(element, [each for each in element if local_name(each) != "customxmlpr"])
    for element in [each for each in body.iter() if local_name(each) == "txbxcontent" and not _has_fallback(each)]:
        _move_after_paragraph(element)
    _mark_headings(body, styles)
    _mark_contents(body)


def _rule(element: Element, styles: WordStyles) -> str:
    name = local_name(element)
    if name == "r" and _is_hidden(element, styles):
        return "hidden"
    if name in ("del", "movefrom") and len(element):
        return "deleted-text"
    return "ruby" if name == "rt" and local_name(element.getparent()) == "ruby" else ""


def _is_hidden(run: Element, styles: WordStyles) -> bool:
    if is_on(run, "vanish"):
        return True
    paragraph = next((each for each in run.iterancestors() if local_name(each) == "p"), None)
    style = "" if paragraph is None else value_of(paragraph, "pstyle")
    return styles.hides(value_of(run, "rstyle")) or styles.hides(style)


def _run_text(element: Element) -> str:
    return "".join(each.text or "" for each in element.iter() if local_name(each) in ("t", "deltext"))


def _run(text: str) -> Element:
    run = etree.Element(f"{{{WORDS}}}r")
    etree.SubElement(run, f"{{{WORDS}}}t").text = text
    return run


def _unwrap(element: Element) -> None:
    """Replace an element by its runs; runs that it is inside of are ended before them."""
    runs = [each for each in element.iter() if local_name(each) == "r"]
    _replace(element.getparent() if local_name(element.getparent()) == "r" else element, runs)


def _replace(element: Element, others: list[Element]) -> None:
    parent = element.getparent()
    for other in others:
        parent.insert(parent.index(element), other)
    parent.remove(element)


def _has_fallback(element: Element) -> bool:
    """Whether a text box has a copy for older programs, which the conversion reads, or is that copy."""
    above = list(element.iterancestors())
    if any(local_name(each) in ("fallback", "textbox") for each in above):
        return True
    alternatives = [each for each in above if local_name(each) == "alternatecontent"]
    return any(local_name(other) == "fallback" for each in alternatives for other in each)


def _move_after_paragraph(box: Element) -> None:
    paragraph = next((each for each in box.iterancestors() if local_name(each) == "p"), None)
    if paragraph is not None:
        for child in reversed(box):
            paragraph.addnext(child)


def _mark_headings(body: Element, styles: WordStyles) -> None:
    """Give paragraphs whose style or outline level makes them headings a style that the conversion knows."""
    for paragraph in [each for each in body.iter() if local_name(each) == "p"]:
        properties = _properties(paragraph)
        level = -1 if properties is None else outline_level(properties)
        style = "" if properties is None else value_of(properties, "pstyle")
        if level := level if level >= 0 else styles.heading_level(style):
            _set_style(paragraph, f"voicemillHeading{min(level, 6)}")


def _mark_contents(body: Element) -> None:
    """Mark the paragraphs of a field that makes a table of contents, and the heading before them."""
    depth = start = 0
    before: Element | None = None
    for paragraph in [each for each in body.iter() if local_name(each) == "p"]:
        was_within = bool(start)
        for each in paragraph.iter():
            kind = each.get(f"{{{WORDS}}}fldCharType", "") if local_name(each) == "fldchar" else ""
            depth += (kind == "begin") - (kind == "end")
            if local_name(each) == "instrtext" and (each.text or "").split()[:1] == ["TOC"]:
                start = start or depth
        if start and not was_within and before is not None and _is_contents_title(before):
            _set_style(before, "voicemillContents")
        if start:
            _set_style(paragraph, "voicemillContents")
        start = start if depth >= start else 0
        before = paragraph


def _is_contents_title(paragraph: Element) -> bool:
    text = _run_text(paragraph).strip()
    return len(text) <= _LONGEST_CONTENTS_TITLE and TITLE.match(text) is not None


def _properties(paragraph: Element) -> Element | None:
    return next((each for each in paragraph if local_name(each) == "ppr"), None)


def _set_style(paragraph: Element, style: str) -> None:
    properties = _properties(paragraph)
    if properties is None:
        properties = etree.Element(f"{{{WORDS}}}pPr")
        paragraph.insert(0, properties)
    for old in [each for each in properties if local_name(each) == "pstyle"]:
        properties.remove(old)
    made = etree.Element(f"{{{WORDS}}}pStyle")
    made.set(VALUE, style)
    properties.insert(0, made)
