"""The trial: all clients use one served engine concurrently and write their evidence."""

import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from benchmarks.engine_server import served_engine
from tests.sdks.evidence import Evidence
from tests.sdks.kits import KITS, ROOT, Kit
from tests.sdks.services import KEY, shaky

SARAH, ROBIN = "694f9389-aac1-45b6-b726-9d9369183238", "Robin"
NOBODY = "00000000-0000-4000-8000-000000000000"
TEXTS = {
    "sentence": "It was a bright cold day in April.",
    "short": "In April.",
    "middle": "and the people of the city",
    "french": "Voilà un déjà vu.",
    "long": "And on and on it goes, until it ends. " * 60,
    "left_text": "He should take a long walk",
    "right_text": "in the evening.",
}
LONGEST_S = 1500
"""A trial of the local engine takes two to three minutes of CPU, and a machine may be busy."""
ENGINE_VARIABLE = "SDKS_ENGINE"
"""The engine of the trial: `small` or `local`."""


def run_trial(folder: Path) -> dict[str, Evidence]:
    """The evidence of every client by its name."""
    os.environ["VOICEMILL_ENGINE"] = os.environ.get(ENGINE_VARIABLE, "small")
    (folder / "shaky").mkdir()
    with served_engine(folder / "served", keys=KEY) as engine, shaky(folder / "shaky") as shaky_url:
        task = TEXTS | {
            "url": engine.url,
            "shaky_url": shaky_url,
            "key": KEY,
            "nobody": NOBODY,
        }
        task |= _voices(engine.url) | _clips(engine.url, folder)
        with ThreadPoolExecutor(len(KITS)) as threads:
            brought = threads.map(partial(_evidence, task=task, folder=folder), KITS.values())
        return dict(zip(KITS, brought, strict=True))


def _evidence(kit: Kit, task: Mapping[str, Any], folder: Path) -> Evidence:
    own = folder / kit.name
    own.mkdir()
    task_file = own / "task.json"
    task_file.write_text(json.dumps({**task, "folder": str(own)}))
    command = [*kit.command(), str(task_file)]
    environment = os.environ | kit.environment
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        raise AssertionError(f"{kit.title} stopped after {[line['step'] for line in lines][-1:]}:\n{done.stderr}")
    return Evidence(kit.name, task, lines)


def _voices(url: str) -> dict[str, str]:
    headers = {"X-API-Key": KEY, "Cartesia-Version": "2024-06-10"}
    answer = httpx.get(f"{url}/voices", headers=headers, timeout=LONGEST_S)
    ids = {voice["name"]: voice["id"] for voice in answer.raise_for_status().json()}
    return {"voice": SARAH, "other_voice": ids[ROBIN]}


def _clips(url: str, folder: Path) -> dict[str, str]:
    """The recordings that every client sends."""
    wav = {"container": "wav", "sample_rate": 24000, "encoding": "pcm_s16le"}
    raw = {"container": "raw", "sample_rate": 16000, "encoding": "pcm_s16le"}
    wanted = {
        "clip": (TEXTS["short"], wav),
        "headerless": (TEXTS["short"], raw),
        "left": (TEXTS["left_text"], wav),
        "right": (TEXTS["right_text"], wav),
    }
    paths = {}
    for name, (text, output_format) in wanted.items():
        body = {"model_id": "sonic-2", "transcript": text, "voice": SARAH, "output_format": output_format}
        answer = httpx.post(f"{url}/tts/bytes", json=body, headers={"X-API-Key": KEY}, timeout=60)
        path = folder / f"{name}.audio"
        path.write_bytes(answer.raise_for_status().content)
        paths[name] = str(path)
    return paths
