"""The table of `docs/api.md`: which methods work with which client, according to the checks."""

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
"""The methods in the order of the API reference."""
_ROWS = {method: f"`{method}`" for method in METHODS} | {ERRORS: "errors and retries"}


def table(trial: Mapping[str, Evidence]) -> str:
    """The table in Markdown: `yes` if every check of a method passed, `removed` if the SDK's generation dropped it."""
    head = ["method", *(kit.title for kit in KITS.values())]
    rows = [[title, *(_cell(method, kit, trial[kit.name]) for kit in KITS.values())] for method, title in _ROWS.items()]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown() -> str:
    """The table on the page."""
    return PAGE.read_text(encoding="utf-8").partition(f"{BEGIN}\n")[2].partition(END)[0]


def show(text: str) -> None:
    """Write a table to the page between its markers."""
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
