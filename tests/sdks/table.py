"""The table of `docs/api.md`: which method works through which client, as the checks have found it."""

from collections.abc import Mapping

from tests.sdks.checks import CHECKS, Check
from tests.sdks.checks.register import ERRORS
from tests.sdks.evidence import Evidence
from tests.sdks.kits import KITS, ROOT, Kit

PAGE = ROOT / "docs" / "api.md"
BEGIN, END = "<!-- methods -->", "<!-- /methods -->"
METHODS = (
    "api_status.get",
    "auth.access_token",
    "infill.bytes",
    "stt.transcribe",
    "tts.bytes",
    "tts.sse",
    "voice_changer.bytes",
    "voice_changer.sse",
    "voices.list",
    "voices.clone",
    "voices.delete",
    "voices.update",
    "voices.get",
    "voices.localize",
    "voices.mix",
    "voices.create",
)
"""In the order of the reference."""
_ROWS = {method: f"`{method}`" for method in METHODS} | {ERRORS: "errors and retries"}


def table(trial: Mapping[str, Evidence]) -> str:
    """The table in Markdown: `yes` where every check of the method passed, `removed` where a generation lost it."""
    head = ["method", *(kit.title for kit in KITS.values())]
    rows = [[title, *(_cell(method, kit, trial[kit.name]) for kit in KITS.values())] for method, title in _ROWS.items()]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown() -> str:
    """The table that the page shows."""
    return PAGE.read_text(encoding="utf-8").partition(f"{BEGIN}\n")[2].partition(END)[0]


def show(text: str) -> None:
    """Put a table into the page, between its marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


def _cell(method: str, kit: Kit, evidence: Evidence) -> str:
    if method in kit.removed:
        return "removed"
    return "yes" if all(_passes(check, evidence) for check in CHECKS if check.method == method) else "no"


def _passes(check: Check, evidence: Evidence) -> bool:
    try:
        check.judge(evidence)
    except AssertionError:
        return False
    return True
