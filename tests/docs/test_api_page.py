"""The client page has a working example for each method, and its commands run."""

import ast
import inspect
import re
import shlex
import typing
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import CodeType

import pytest

from tests.contract.services import KEY, Service, embedded, engine_settings, served
from tests.flows.commands import InThisProcess
from voicemill.cartesia.client import CartesiaClient
from voicemill.model.audio_formats import AudioFormat

_PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
_EXAMPLES = dict(re.findall(r"^## `([\w.]+)`\n.*?^```python\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE))
_FIRST = re.search(r"^```python\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)
_COMMANDS = re.findall(r"^(voicemill .*)$", _PAGE, re.MULTILINE)
_WAV = AudioFormat("wav", 16000, "pcm_s16le")


def methods() -> set[str]:
    """The client's methods, by family."""
    return {
        f"{family}.{name}"
        for family, kind in typing.get_type_hints(CartesiaClient).items()
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def compiled(name: str) -> CodeType:
    """An example as code that may use top-level `await`."""
    code = compile(_EXAMPLES[name], f"docs/api.md: {name}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(code, CodeType)
    return code


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One engine for all examples."""
    with embedded(engine_settings(tmp_path_factory.mktemp("engine"))) as service:
        yield service


@pytest.fixture
async def cartesia(engine: Service) -> AsyncIterator[CartesiaClient]:
    """A client, with the recordings of the examples in the working folder."""
    async with engine.client() as cartesia:
        for name in ("clip.wav", "left.wav", "right.wav"):
            reply = await cartesia.tts.bytes(
                model_id="sonic-2",
                transcript="The boat is on the river.",
                voice_id="694f9389-aac1-45b6-b726-9d9369183238",
                output_format=_WAV,
            )
            Path(name).write_bytes(reply.body)
        yield cartesia


def test_every_method_has_an_example() -> None:
    """The page has exactly one example for each of the sixteen methods of the reference."""
    assert set(_EXAMPLES) == methods()
    assert len(_EXAMPLES) == 16
    assert all(f"cartesia.{name}(" in code for name, code in _EXAMPLES.items())


@pytest.mark.parametrize("name", _EXAMPLES)
async def test_the_examples_run(cartesia: CartesiaClient, name: str) -> None:
    """Each example runs unchanged against the engine."""
    running = eval(compiled(name), {"cartesia": cartesia})
    assert inspect.iscoroutine(running)
    await running


def test_the_first_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first example opens a client; here it calls a served engine instead of Cartesia."""
    assert _FIRST
    monkeypatch.setenv("CARTESIA_API_KEY", KEY)
    with served(engine_settings(tmp_path)) as service:
        monkeypatch.setenv("CARTESIA_BASE_URL", service.url)
        exec(_FIRST[1], {"__name__": "example"})
    assert capsys.readouterr().out.startswith("ok=True version=")


def test_the_commands_run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The commands run in the order of the page, without an API key."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    voicemill = InThisProcess(capfd)
    assert len(_COMMANDS) > 10
    for command in _COMMANDS:
        ended = voicemill(*shlex.split(command)[1:])
        assert ended.code == 0, f"{command}: {ended.stderr}"
