"""The columns of a manifest, from the code that reads them."""

from docs.reference_pages.markdown import code, explained, table
from voicemill.manifest.columns import OURS, RECORDING_NAMES, SYNONYMS, TEXT_NAMES
from voicemill.manifest.passage_names import MEANINGS


def page() -> str:
    """Every column that voicemill reads, with its synonyms and values."""
    texts = explained("manifest", OURS)
    rows = [(_names(column), texts[column]["meaning"], texts[column]["values"]) for column in OURS]
    return table(["column", "meaning", "values"], rows)


def other_names() -> str:
    """The names of other formats that are understood, by the column that they mean."""
    meanings = TEXT_NAMES | RECORDING_NAMES
    listed = {own: [name for name, meant in meanings.items() if meant == own] for own in meanings.values()}
    return table(["column", "other names"], [(code(own), ", ".join(map(code, names))) for own, names in listed.items()])


def time_words() -> str:
    """The words that say which time of a passage a column has."""
    listed = {own: [word for word, meant in MEANINGS.items() if meant == own] for own in MEANINGS.values()}
    return table(["column", "words"], [(code(own), ", ".join(map(code, words))) for own, words in listed.items()])


def _names(column: str) -> str:
    synonyms = [name for name, meant in SYNONYMS.items() if meant == column]
    return code(column) + (f" (or {', '.join(map(code, synonyms))})" if synonyms else "")
