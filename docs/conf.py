"""Sphinx configuration of the documentation site. `make docs` builds it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from voicemill import __version__

project = "voicemill"
author = "The voicemill founders"
copyright = "2026, The voicemill founders"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.reference_pages"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_generated", "_build", "reference_pages"]
suppress_warnings = ["myst.header"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

# Docstrings write code in single backticks, as Markdown does.
default_role = "code"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
nitpicky = False

html_theme = "furo"
html_title = f"voicemill {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
