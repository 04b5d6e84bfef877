"""Elements that begin a line of their own."""

from typing import Final

BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "html", "head", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul",
    # DTBook and older formats of books
    "level", "level1", "level2", "level3", "level4", "hd", "doctitle", "docauthor", "linegroup", "line", "note",
})  # fmt: skip
