"""What `run.json` tells; where a key must not be is looked into by `tests/security`."""

import json
from pathlib import Path

from tests.flows.commands import InThisProcess, service_environment
from tests.flows.results import write_manifest
from tests.flows.speech_service import SpeechService

_KEY = "sk_car_Canary+Of/The=Mine_0123456789"


def test_run_json_tells_all_but_secrets(voicemill: InThisProcess, service: SpeechService) -> None:
    """`run.json` has the settings, the versions and how it ended, and no key."""
    write_manifest(Path("book.csv"), [{"id": "a", "transcript": "One."}])
    with service_environment(service.url, _KEY):
        assert voicemill("run", "book.csv", "-o", "results").code == 0
    text = Path("results/run.json").read_text()
    assert _KEY not in text
    about = json.loads(text)
    assert about["settings"]["pace"]["max_concurrency"] == 100
    assert about["summary"]["rows"]["done"] == about["manifest"]["rows"] == 1
    assert set(about["versions"]) >= {"voicemill", "prefect", "httpx", "pandas", "python"}
