"""The safeguards against faults, each with a way to disable it and the tests that must then fail.

If a safeguard can be disabled without a failing test, its guarantee is not tested.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Safeguard:
    """A safeguard: its file and code, the replacement that disables it, and the tests that must fail."""

    name: str
    file: str
    code: str
    replacement: str
    tests: tuple[str, ...]

    def is_present(self) -> bool:
        """Whether the file contains the code exactly once."""
        return (ROOT / self.file).read_text().count(self.code) == 1

    def disable_in(self, tree: Path) -> None:
        """Disable it in a copy of the project."""
        path = tree / self.file
        path.write_text(path.read_text().replace(self.code, self.replacement))


_STORE = ("tests/store/test_durable_files.py", "tests/faults/test_power_loss.py")

SAFEGUARDS = (
    Safeguard(
        "the fsync of a file",
        "voicemill/store/durable_files.py",
        "    try:\n        os.fsync(descriptor)\n    except OSError:",
        "    try:\n        pass\n    except OSError:",
        _STORE,
    ),
    Safeguard(
        "the rename",
        "voicemill/store/durable_files.py",
        "            os.replace(partial, path)",
        "            path.write_bytes(partial.read_bytes()), partial.unlink()",
        _STORE,
    ),
    Safeguard(
        "the fsync of a folder",
        "voicemill/store/durable_files.py",
        "    if sync_name:\n",
        "    if sync_name and not path:\n",
        _STORE,
    ),
    Safeguard(
        "the fsync of answer folders",
        "voicemill/store/answer_store.py",
        "        durable.sync_folder(folder)\n",
        "",
        ("tests/store/test_answer_store.py", "tests/faults/test_power_loss.py"),
    ),
    Safeguard(
        "the fsync of output folders",
        "voicemill/store/output_folder.py",
        "            for folder in folders:\n                durable.sync_folder(folder)\n",
        "",
        ("tests/store/test_output_folder.py", "tests/faults/test_power_loss.py"),
    ),
    Safeguard(
        "the fsync of the record of written files",
        "voicemill/store/output_folder.py",
        "        durable.sync_lines(self._written)\n",
        "",
        ("tests/store/test_output_folder.py", "tests/faults/test_power_loss.py"),
    ),
    Safeguard(
        "the lock of the results folder",
        "voicemill/store/results_folder.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.LOCK_SH | fcntl.LOCK_NB)",
        ("tests/store/test_results_folder.py", "tests/cli/test_exit_codes.py", "tests/faults/test_stops.py"),
    ),
    Safeguard(
        "the hash check when an answer is read",
        "voicemill/store/answer_store.py",
        "    if content[len(_MAGIC) : _FIRST_LINE_BYTES] != ",
        "    if not ",
        ("tests/store/test_answer_store.py", "tests/flows/test_audit.py"),
    ),
    Safeguard(
        "the verification that an answer is speech",
        "voicemill/audio/answer_checks.py",
        "    samples, duration_s = _verified_samples(body, call, framed=framed)\n    _verify_sound(samples)\n",
        "    return 1.0\n",
        ("tests/audio/test_answer_checks.py", "tests/faults/test_network.py"),
    ),
    Safeguard(
        "the retry quota",
        "voicemill/limits/retries.py",
        "        if self.tokens < tokens:\n",
        "        if self.tokens < 0:\n",
        ("tests/pipeline/test_failing_service.py", "tests/limits/test_service_health.py"),
    ),
    Safeguard(
        "the budget reservation",
        "voicemill/limits/budget.py",
        "wanted = self.check(credits, now_s)",
        "wanted = Spending(self.spent.credits + credits, self.spent.calls + 1)",
        ("tests/limits/test_budget.py", "tests/pipeline/test_spending.py"),
    ),
    Safeguard(
        "the size limit of a response body",
        "voicemill/cartesia/transport.py",
        "        if size > max_bytes:\n",
        "        if size < 0:\n",
        ("tests/cartesia/test_connections.py", "tests/cartesia/test_hostile_answers.py"),
    ),
)
