"""What the manual shows for Kubernetes and systemd is what these take, and agrees with the program."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # of the tests only
import pytest
import yaml  # type: ignore[import-untyped] # as above

from dialer.engine.runner import DRAIN
from dialer.errors import ExitCode
from tests.test_manual import MANUAL, page
from tests.test_readme import blocks

JOB = json.loads((Path(__file__).parent / "kubernetes_job.json").read_text())
STOPPED = {ExitCode.USAGE, ExitCode.MUST_ACT}
"""A person has to act first: the same command again would end the same way."""


def job() -> dict[str, Any]:
    (text,) = blocks("yaml", page("database"))
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_the_job_is_one_that_kubernetes_takes() -> None:
    jsonschema.Draft202012Validator(JOB).validate(job())


@pytest.mark.parametrize("key", ["restartPolicy", "terminationGracePeriodSeconds", "containers"])
def test_a_mistake_in_the_job_would_be_seen(key: str) -> None:
    mistaken = copy.deepcopy(job())
    pod = mistaken["spec"]["template"]["spec"]
    pod[f"{key}s"] = pod.pop(key)
    assert not jsonschema.Draft202012Validator(JOB).is_valid(mistaken)


def test_the_job_stops_where_a_person_has_to_act_and_goes_on_where_some_are_left() -> None:
    rules = job()["spec"]["podFailurePolicy"]["rules"]
    ends = {code: rule["action"] for rule in rules if "onExitCodes" in rule for code in rule["onExitCodes"]["values"]}
    assert {code for code, action in ends.items() if action == "FailJob"} == STOPPED
    assert {code for code, action in ends.items() if action == "FailIndex"} == {ExitCode.LOOK}
    names = {rule["onExitCodes"]["containerName"] for rule in rules if "onExitCodes" in rule}
    assert names == {one["name"] for one in job()["spec"]["template"]["spec"]["containers"]}


def test_a_pod_has_longer_to_end_than_a_run_takes() -> None:
    pod = job()["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > DRAIN
    # A shell around it would not hear SIGTERM.
    assert [one["command"][0] for one in pod["containers"]] == ["dialer"]
    assert pod["restartPolicy"] == "Never"


UNITS = [
    pytest.param(text, id=f"{path.stem}: {text.splitlines()[0]}")
    for path in sorted(MANUAL.glob("*.md"))
    for text in blocks("ini", path.read_text(encoding="utf-8"))
    if re.search(r"^\[Unit\]", text, re.MULTILINE)
]


@pytest.mark.parametrize("text", UNITS)
def test_a_unit_is_one_that_systemd_takes(text: str, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd is not installed, so nothing tells whether it takes the manual's units")
    # A timer wants its service beside it; and that the program is there.
    name = re.findall(r"[\w@]+\.(?:service|timer)", text.splitlines()[0])[0].replace("@", "@x")
    service = tmp_path / name.replace(".timer", ".service")
    service.write_text(f"[Service]\nExecStart={sys.executable}\n")
    (tmp_path / name).write_text(re.sub(r"(?<=^ExecStart=)\S+", sys.executable, text, flags=re.MULTILINE))
    done = subprocess.run([verify, "verify", tmp_path / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", [unit for unit in UNITS if "[Service]" in str(unit.values[0])])
def test_a_service_has_longer_to_end_than_a_run_takes_and_a_stop_is_not_tried_again(text: str) -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # keys as they stand
    unit.read_string(text)
    service = unit["Service"]
    assert float(service["TimeoutStopSec"]) > DRAIN
    if service.get("Restart"):
        assert {int(code) for code in service["RestartPreventExitStatus"].split()} == STOPPED
