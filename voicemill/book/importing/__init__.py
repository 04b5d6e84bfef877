"""From a book (EPUB, DOCX, Markdown, HTML, TXT) to chapters, with every character of the source accounted for."""
