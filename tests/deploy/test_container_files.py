"""The image and the Kubernetes Job: their commands work, they run without root, and they agree with each other."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.flows.commands import COMMAND
from voicemill.errors import ExitCode
from voicemill.store.bucket_results import SCRATCH_VARIABLE, checked_address

_ROOT = Path(__file__).parents[2]
_DOCKERFILE = (_ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
_JOB: dict[str, Any] = yaml.safe_load((_ROOT / "deploy" / "job.yaml").read_text(encoding="utf-8"))
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
_POD: dict[str, Any] = _JOB["spec"]["template"]["spec"]
_CONTAINER: dict[str, Any] = _POD["containers"][0]


def instruction(name: str) -> str:
    """The last instruction of this name in the Dockerfile, without its name."""
    return str(re.findall(rf"^{name} (.*)$", _DOCKERFILE, re.MULTILINE)[-1])


def test_the_health_check_and_the_default_command_work(tmp_path: Path) -> None:
    """Both end with exit code 0 in a plain folder."""
    check = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])
    default = [*json.loads(instruction("ENTRYPOINT")), *json.loads(instruction("CMD"))]
    for name, *arguments in (check, default):
        assert name == COMMAND.name
        subprocess.run([COMMAND, *arguments], cwd=tmp_path, check=True, capture_output=True)


def test_the_image_copies_files_that_exist() -> None:
    """Every source of COPY is in the repository, and not in the ignored files."""
    ignored = (_ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", _DOCKERFILE, re.MULTILINE)
    names = [name for sources in copied for name in sources.split()]
    assert {"voicemill", "flows", "tasks", "configs", "pyproject.toml"} <= set(names)
    assert [name for name in names if not (_ROOT / name).exists() or f"!{name}" not in ignored] == []


def test_the_job_fits_the_image() -> None:
    """It runs as the user of the image without root, and writes only to the folders that the image uses."""
    assert _POD["securityContext"]["runAsUser"] == int(instruction("USER")) == 10001
    assert _POD["securityContext"]["runAsNonRoot"]
    assert _CONTAINER["securityContext"]["readOnlyRootFilesystem"]
    writable = [mount["mountPath"] for mount in _CONTAINER["volumeMounts"] if not mount.get("readOnly")]
    assert writable == [instruction("WORKDIR"), "/tmp"]
    assert f"{SCRATCH_VARIABLE}=/data/" in _DOCKERFILE
    assert {mount["name"] for mount in _CONTAINER["volumeMounts"]} == {volume["name"] for volume in _POD["volumes"]}


def test_the_job_resumes_only_where_it_helps() -> None:
    """Its results are in an object store; exit codes that another attempt would repeat end the Job."""
    command, _, option, address = _CONTAINER["args"]
    assert (command, option, checked_address(address)) == ("run", "-o", address)
    [rule] = _JOB["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["containerName"] == _CONTAINER["name"]
    assert set(rule["onExitCodes"]["values"]) == {
        ExitCode.USAGE,
        ExitCode.SOME_REFUSED,
        ExitCode.FATAL_API,
        ExitCode.BUDGET,
    }
    assert _JOB["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_services_of_the_compose_file_fit_the_image() -> None:
    """Each service of the image mounts the same folder, has no rights, and can reach the others by their names."""
    services = _COMPOSE["services"]
    ours = {name: each for name, each in services.items() if name != "postgres"}
    assert all(each["volumes"] == [f"../data:{instruction('WORKDIR')}"] for each in ours.values())
    assert all(
        each["read_only"] and each["cap_drop"] == ["ALL"] and each["image"] == _CONTAINER["image"]
        for each in ours.values()
    )
    addresses = re.findall(r"(?:@|//)(\w+):(\d+)", json.dumps(services))
    assert {name for name, _ in addresses} == {"postgres", "prefect", "scheduler"}
    assert services["prefect"]["command"][-1] == dict(addresses)["prefect"]
    assert services["scheduler"]["command"][1] == dict(addresses)["scheduler"]
    assert {name for each in services.values() for name in each.get("depends_on", ())} <= set(services)


@pytest.mark.clusters
@pytest.mark.parametrize("name", ["prefect", "worker", "scheduler", "dask-worker"])
def test_the_commands_of_the_compose_file_have_these_options(name: str) -> None:
    """Every option that the file passes is in the help of its command."""
    service = _COMPOSE["services"][name]
    command = [COMMAND.with_name(service["entrypoint"][0]), *service["entrypoint"][1:], "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    options = [part for part in service["command"] if part.startswith("--")]
    assert options
    assert [option for option in options if option.removeprefix("--no-") not in shown] == []
