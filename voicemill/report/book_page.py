"""The chapters of a book, for a terminal."""

from collections import Counter

from rich import box
from rich.console import Console
from rich.table import Table

from voicemill.book.importing.import_book import ImportedBook
from voicemill.errors import ConfigError
from voicemill.planning.predictions import CHARACTERS_PER_AUDIO_S
from voicemill.planning.price_plans import PRICE_PLANS, PricePlan
from voicemill.report.amounts import counted


def print_chapters(book: ImportedBook, plan: str) -> None:
    """Print a table of the chapters with their words, minutes and cost, and what was excluded."""
    price = _price_plan(plan)
    table = Table("no.", "title", "kind", "words", "minutes", f"cost ({price.name})", box=box.SIMPLE, pad_edge=False)
    for index in (0, 3, 4, 5):
        table.columns[index].justify = "right"
    words = characters = 0
    for chapter in book.chapters:
        texts = [block.text for block in chapter.kept]
        count, size = sum(len(text.split()) for text in texts), sum(map(len, texts))
        words, characters = words + count, characters + size
        title = " ".join(chapter.title.split())
        table.add_row(str(chapter.number), title, chapter.kind, f"{count:,}", _minutes(size), _cost(price, size))
    table.add_section()
    table.add_row("", "all", "", f"{words:,}", _minutes(characters), _cost(price, characters))
    console = Console()
    if book.about.title:
        console.print(f"{book.about.title}{f', by {book.about.author}' if book.about.author else ''}", markup=False)
    console.print(table, markup=False)
    kept = book.kept_characters
    excluded = counted(book.source_characters - kept, "character")
    console.print(f"{counted(kept, 'character')} kept, {excluded} excluded, 0 unaccounted for.", markup=False)
    if rules := _by_rule(book):
        console.print(f"Excluded characters by rule: {rules}.", markup=False)
    if not book.about.language:
        console.print(
            "The book does not state its language and will be spoken as English. For another language, fill in the "
            "column language of chapters.csv.",
            markup=False,
        )


def _by_rule(book: ImportedBook) -> str:
    """How many characters each rule excluded, most first."""
    counts: Counter[str] = Counter()
    for block in book.excluded:
        counts[block.rule] += 0 if block.is_added else len("".join(block.text.split()))
    return ", ".join(f"{rule} {count:,}" for rule, count in counts.most_common() if count)


def _price_plan(name: str) -> PricePlan:
    for price in PRICE_PLANS:
        if price.name.casefold() == name.strip().casefold() and price.usd_per_month:
            return price
    raise ConfigError(
        f"--plan {name!r} has no price; use {', '.join(p.name.lower() for p in PRICE_PLANS if p.usd_per_month)}"
    )


def _minutes(characters: int) -> str:
    return f"{characters / CHARACTERS_PER_AUDIO_S / 60:,.1f}"


def _cost(price: PricePlan, characters: int) -> str:
    return f"${price.usd(characters):,.2f}"
