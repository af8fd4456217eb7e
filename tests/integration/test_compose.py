"""The compose files: what they start, with which settings, is what the program knows."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot.delivery.sender import SHUTDOWN_GRACE
from bot.settings.model import VARIABLES
from tests.integration.cli import Terminal

REPO = Path(__file__).parents[2]
FILES = ("compose.yaml", "compose.small.yaml")
OURS = re.compile(r"^paperwire(:\w+)?$")  # images that our Dockerfile makes


def services(name: str) -> dict[str, dict[str, Any]]:
    return yaml.safe_load((REPO / name).read_text("utf-8"))["services"]  # type: ignore[no-any-return]


def ours(name: str) -> dict[str, dict[str, Any]]:
    return {one: service for one, service in services(name).items() if OURS.match(service["image"])}


@pytest.mark.parametrize("name", FILES)
def test_each_setting_is_one_of_the_program(name: str) -> None:
    for service in ours(name).values():
        for variable in service["environment"]:
            assert variable.removesuffix("_FILE") in VARIABLES


@pytest.mark.parametrize("name", FILES)
def test_each_command_is_a_subcommand(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paperwire = Terminal(tmp_path, monkeypatch)
    for service in ours(name).values():
        program, *words = service.get("command", ["paperwire", "run"])
        assert program == "paperwire"
        shown = paperwire(*words, "--help")
        assert shown.status == 0
        assert f"Usage: paperwire {' '.join(words)} " in shown.out


@pytest.mark.parametrize("name", FILES)
def test_what_a_service_names_is_there(name: str) -> None:
    whole = yaml.safe_load((REPO / name).read_text("utf-8"))
    for service in whole["services"].values():
        assert set(service.get("secrets", ())) <= whole["secrets"].keys()
        read = [value for key, value in service["environment"].items() if key.endswith("_FILE")]
        assert {Path(path).name for path in read} == set(service.get("secrets", ()))
        assert service.get("depends_on", {}).keys() <= whole["services"].keys()
        named = {volume.partition(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        assert named <= whole["volumes"].keys()


@pytest.mark.parametrize("name", FILES)
def test_no_secret_stands_in_a_file_or_a_variable(name: str) -> None:
    for service in services(name).values():
        for variable, value in service["environment"].items():
            if re.search("PASSWORD|TOKEN|SECRET|URL", variable):
                assert value == "" or value.startswith("/run/secrets/"), variable


def test_nobody_from_outside_reaches_a_port() -> None:
    for name in FILES:
        for service in services(name).values():
            assert [port for port in service.get("ports", ()) if not port.startswith("127.0.0.1:")] == []


def test_workers_start_after_the_schema_and_have_time_to_end() -> None:
    cluster = services("compose.yaml")
    assert cluster["worker"]["depends_on"]["schema"]["condition"] == "service_completed_successfully"
    assert cluster["schema"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert cluster["schema"]["restart"] == "no"
    assert cluster["worker"]["deploy"]["replicas"] > 1
    dockerfile = (REPO / "Dockerfile").read_text("utf-8")
    assert all(f"ARG {argument}=" in dockerfile for argument in cluster["schema"]["build"]["args"])
    for service in (cluster["worker"], services("compose.small.yaml")["paperwire"]):
        assert int(service["stop_grace_period"].removesuffix("s")) > SHUTDOWN_GRACE
