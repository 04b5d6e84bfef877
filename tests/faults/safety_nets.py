"""The nets that catch a fault, each with a way to cut it and the tests that must notice.

A promise whose guard can be taken away without a test going red is not tested.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Net:
    """A guard: where it is, the code that is it, what stands there when it is cut, and who should notice."""

    name: str
    file: str
    code: str
    cut: str
    tests: tuple[str, ...]

    def is_there(self) -> bool:
        """Whether the product has just this code, once."""
        return (ROOT / self.file).read_text().count(self.code) == 1

    def cut_in(self, tree: Path) -> None:
        """Take it away in a copy of the project."""
        place = tree / self.file
        place.write_text(place.read_text().replace(self.code, self.cut))


_STORE = ("tests/store/test_durable.py", "tests/faults/test_power_loss.py")

NETS = (
    Net(
        "the fsync of a file",
        "voicemill/store/durable.py",
        "    try:\n        os.fsync(descriptor)\n    except OSError:",
        "    try:\n        pass\n    except OSError:",
        _STORE,
    ),
    Net(
        "the rename",
        "voicemill/store/durable.py",
        "        os.replace(partial, path)",
        "        path.write_bytes(partial.read_bytes()), partial.unlink()",
        _STORE,
    ),
    Net(
        "the fsync of a folder",
        "voicemill/store/durable.py",
        "    if sync_name:\n",
        "    if sync_name and not path:\n",
        _STORE,
    ),
    Net(
        "the fsync of the folders of answers",
        "voicemill/store/answers.py",
        "        durable.sync_folder(folder)\n",
        "",
        ("tests/store/test_answers.py", "tests/faults/test_power_loss.py"),
    ),
    Net(
        "the fsync of the folders of files",
        "voicemill/store/outputs.py",
        "            for folder in folders:\n                durable.sync_folder(folder)\n",
        "",
        ("tests/store/test_outputs.py", "tests/faults/test_power_loss.py"),
    ),
    Net(
        "the fsync of the notes of files",
        "voicemill/store/outputs.py",
        "        durable.sync_lines(self._written)\n",
        "",
        ("tests/store/test_outputs.py", "tests/faults/test_power_loss.py"),
    ),
    Net(
        "the lock of a results folder",
        "voicemill/store/results.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.LOCK_SH | fcntl.LOCK_NB)",
        ("tests/store/test_results.py", "tests/flows/test_exit_codes.py", "tests/faults/test_stops.py"),
    ),
    Net(
        "the hash that an answer is read by",
        "voicemill/store/answers.py",
        "    if content[len(_MAGIC) : _FIRST_LINE_BYTES] != ",
        "    if not ",
        ("tests/store/test_answers.py", "tests/flows/test_audit.py"),
    ),
    Net(
        "the proof that an answer is speech",
        "voicemill/audio/verify.py",
        "    samples, duration_s = _verified_samples(body, call, framed=framed)\n    _verify_sound(samples)\n",
        "    return 1.0\n",
        ("tests/audio/test_verify.py", "tests/faults/test_network.py"),
    ),
    Net(
        "the retry quota",
        "voicemill/pace/quota.py",
        "        if self.tokens < tokens:\n",
        "        if self.tokens < 0:\n",
        ("tests/work/test_sick_service.py", "tests/pace/test_circuit.py"),
    ),
    Net(
        "the reservation from the budget",
        "voicemill/pace/budget.py",
        "        self._check(wanted, credits, now_s)\n",
        "",
        ("tests/pace/test_budget.py", "tests/work/test_spending.py"),
    ),
    Net(
        "the cap on a body",
        "voicemill/api/wire.py",
        "        if size > max_bytes:\n",
        "        if size < 0:\n",
        ("tests/api/test_connections.py", "tests/api/test_hostile_answers.py"),
    ),
)
