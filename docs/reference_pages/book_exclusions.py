"""What the import of a book leaves out, from `voicemill.book.importing.exclusion_rules`."""

from docs.reference_pages.markdown import code, table
from voicemill.book.importing.exclusion_rules import RULES


def page() -> str:
    """Every rule by the name that `excluded.csv` gives it, with what it leaves out."""
    return table(["rule", "leaves out"], ((code(name), what) for name, what in RULES.items()))
