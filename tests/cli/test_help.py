"""Help pages: what they import, their sections, and their examples."""

import ast
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import voicemill
from tests.flows.commands import InThisProcess, run_process
from voicemill.cli.help_page import examples_of
from voicemill.cli.token import LONGEST_TOKEN_S
from voicemill.cli.verbs import VERBS, all_commands
from voicemill.pipeline.finished_run import repeats_finished_run
from voicemill.pipeline.prepare import planned_facts
from voicemill.store.results_folder import ResultsFolder

_COMMANDS = dict(all_commands())
_HEAVY = {
    *("aiohttp", "av", "fastapi", "fsspec", "httpx", "numpy", "pandas", "prefect", "pyarrow", "pydantic", "rich"),
    *("sentencex", "starlette", "tenacity", "uvicorn"),
}
_HELP_PACKAGES = {"voicemill", "voicemill.cli", "voicemill.errors"}


@pytest.fixture
def quick(capfd: pytest.CaptureFixture[str]) -> InThisProcess:
    """The command, for verbs that need no Prefect server."""
    return InThisProcess(capfd)


def _imported(*arguments: str) -> set[str]:
    """The modules that `voicemill` has imported when it exits."""
    program = (
        "import sys\nfrom voicemill.cli import main\n"
        f"sys.argv = ['voicemill', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    print(sorted(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(ended.stderr.splitlines()[-1]))


_FORKS = """
import json, os, sys
import voicemill.cli
imported = {}
for name in sys.argv[1:]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        sys.argv = ["voicemill", name, "--help"]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            voicemill.cli.main()
        finally:
            os.write(writing, "\\n".join(sys.modules).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as names:
        imported[name] = names.read().split("\\n")
    os.wait()
print(json.dumps(imported))
"""


@pytest.fixture(scope="module")
def imported_for_help() -> dict[str, set[str]]:
    """The modules that are imported when each command has printed its help page."""
    ended = subprocess.run([sys.executable, "-c", _FORKS, *VERBS], capture_output=True, text=True, check=True)
    return {name: set(modules) for name, modules in json.loads(ended.stdout).items()}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_the_top_level_imports_no_command(arguments: list[str]) -> None:
    """`--help` and `--version` import Typer, the list of commands and the errors, and no other module of voicemill."""
    imported = _imported(*arguments)
    assert imported & _HEAVY == set()
    ours = {name for name in imported if name.split(".")[0] in ("voicemill", "flows", "tasks")}
    assert ours == _HELP_PACKAGES | {"voicemill.cli.app", "voicemill.cli.help_page", "voicemill.cli.verbs"}


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_command_imports_only_that_command(name: str, imported_for_help: dict[str, set[str]]) -> None:
    """The help page of a command imports nothing heavy and no other command, except groups that reuse one."""
    imported = imported_for_help[name]
    assert imported & _HEAVY == set()
    assert {other for other in VERBS if f"voicemill.cli.{other}" in imported} == {name}


@pytest.mark.parametrize("arguments", [["validate", "book.csv"], ["status", "results"]])
def test_checks_of_a_small_manifest_import_no_server_and_no_http_client(arguments: list[str]) -> None:
    """`validate` and `status` import no HTTP client, no web framework, no decoder and no table library."""
    Path("book.csv").write_text("id,transcript\na,Hello.\n")
    Path("results/.voicemill").mkdir(parents=True)
    imported = _imported(*arguments)
    assert imported & {"aiohttp", "av", "fastapi", "httpx", "pandas", "prefect", "pyarrow", "rich"} == set()


def test_a_run_imports_no_pandas_and_no_subtitle_library_before_its_first_call() -> None:
    """The command process keeps PyArrow from importing pandas; libraries for transcripts are imported later."""
    program = (
        "import sys\nfrom voicemill.__main__ import main\nsys.argv = ['voicemill', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "import pyarrow, voicemill.pipeline.jobs\npyarrow.array([1])\nprint(sorted(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = set(ast.literal_eval(ended.stdout.splitlines()[-1]))
    assert imported & {"pandas", "prefect", "pysubs2", "rapidfuzz"} == set()


def test_a_rerun_of_a_finished_run_imports_no_prefect() -> None:
    """`voicemill run` repeats a finished run without a Prefect flow, unless the manifest has changed."""
    Path("book.csv").write_text("id,transcript\na,Hello.\n")
    finished = voicemill.run("book.csv", results="results")
    assert finished.exit_code == 0
    assert "prefect" not in _imported("run", "book.csv", "-o", "results")
    folder = ResultsFolder(Path("results"))
    assert repeats_finished_run(folder, planned_facts(folder))
    assert not repeats_finished_run(folder, replace(planned_facts(folder), digest="of another manifest"))


def test_the_list_of_commands_repeats_their_help() -> None:
    """The top-level help shows the first sentence of each command's own help page."""
    for name, verb in VERBS.items():
        assert " ".join(_COMMANDS[f"voicemill {name}"].help.split("\n\n")[0].split()) == verb.summary


@pytest.mark.parametrize("name", [name for name, command in _COMMANDS.items() if not hasattr(command, "commands")])
def test_every_command_has_examples_that_parse(name: str) -> None:
    """Each command shows examples, and its options and arguments accept them."""
    found = examples_of(_COMMANDS[name])
    assert found
    for example in found:
        assert example.startswith(name)
        _parse(example.removeprefix(name).partition(" > ")[0].partition(" < ")[0], _COMMANDS[name])


def _parse(arguments: str, command: Any) -> None:
    for file in ("talk.mp3", "me.wav", "mix.json"):
        Path(file).touch()
    with command.make_context("voicemill", shlex.split(arguments)) as context:
        assert context.params


def test_options_are_grouped(quick: InThisProcess) -> None:
    """The help page of `run` lists its options by section, and every option but --json and --help has a section."""
    page = quick("run", "--help").stdout
    titles = [f"{title} options:" for title in ("Input", "Voice", "Output", "Quality", "Pace", "Budget", "Run")]
    assert re.findall(r"^(\w+ options:|Options:|Arguments:|Examples:)$", page, re.MULTILINE) == [
        "Arguments:",
        *titles,
        "Options:",
        "Examples:",
    ]
    rest = page.partition("\nOptions:\n")[2].partition("\nExamples:")[0]
    assert re.findall(r"^  .*?(--[a-z-]+)", rest, re.MULTILINE) == ["--json", "--help"]


def test_help_names_the_real_limits_and_defaults() -> None:
    """Values that help texts repeat, so as not to import them, are those of the library."""
    from voicemill.cartesia.access_tokens import MAX_TOKEN_S
    from voicemill.config import Settings
    from voicemill.manifest.model_and_language import DEFAULT_MODEL
    from voicemill.model import Op
    from voicemill.pipeline.export import FORMATS

    assert LONGEST_TOKEN_S == MAX_TOKEN_S
    helps = {name: " ".join(one.help or "" for one in command.params) for name, command in _COMMANDS.items()}
    assert [name for name in FORMATS if name not in helps["voicemill export"]] == []
    assert f"[default: {DEFAULT_MODEL[Op.TTS]}]" in helps["voicemill say"]
    assert f"[default: {DEFAULT_MODEL[Op.STT]}]" in helps["voicemill transcribe"]
    defaults, subtitles = Settings().defaults, Settings().subtitles
    for value in (defaults.language, defaults.sample_rate, subtitles.max_line_width, subtitles.max_line_count):
        assert f"[default: {value}]" in helps["voicemill run"]


@pytest.mark.parametrize("name", _COMMANDS)
def test_options_name_their_values_and_one_default(name: str) -> None:
    """No option shows the type of its value instead of a name, or two defaults, and no line of a list is cut off."""
    page = _COMMANDS[name].get_help(_COMMANDS[name].make_context(name, [], resilient_parsing=True))
    assert re.findall(r"<\w+>|[a-z]\.\.\.$|\[default: [^\]]+\]\s+\[default: ", page, re.MULTILINE) == []


def test_no_color_leaves_out_escape_codes(monkeypatch: pytest.MonkeyPatch, quick: InThisProcess) -> None:
    """Help pages that are not written to a terminal, or with NO_COLOR set, have no escape codes."""
    assert "\x1b" not in quick("--help").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in quick("run", "--help").stdout


def test_a_misspelled_command_gets_a_suggestion(quick: InThisProcess) -> None:
    """A command that does not exist exits with 2 and suggests a similar one."""
    ended = quick("validat")
    assert (ended.code, "Did you mean 'validate'" in ended.stderr) == (2, True)


def test_the_package_is_a_program() -> None:
    """`python -m voicemill` is the same command, and its help names it voicemill."""
    ended = subprocess.run([sys.executable, "-m", "voicemill", "--help"], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("Usage: voicemill [OPTIONS] COMMAND")


def test_completion_lists_commands_and_options() -> None:
    """The completion script completes names of commands, and options of a command."""
    environment = {"_VOICEMILL_COMPLETE": "complete_bash", "COMP_WORDS": "voicemill st", "COMP_CWORD": "1"}
    assert run_process(environment=environment).stdout.split() == ["status"]
    environment |= {"COMP_WORDS": "voicemill run --max-cr", "COMP_CWORD": "2"}
    assert run_process(environment=environment).stdout.split() == ["--max-credits"]
