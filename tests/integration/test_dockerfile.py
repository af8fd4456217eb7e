"""The Dockerfile, the files of compose and the unit of systemd: no more rights than needed, and their settings can be used."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot.delivery.sender import SHUTDOWN_GRACE
from tests.given_settings import settings_of

REPO = Path(__file__).parents[2]


def instructions() -> dict[str, str]:
    """Maps each instruction of the Dockerfile to its last arguments."""
    text = re.sub("^#.*\n", "", (REPO / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line.partition(" ") for line in text.replace("\\\n", " ").split("\n") if line.strip()]
    return {word: " ".join(rest.split()) for word, _, rest in lines}


def test_the_image_runs_as_nobody_in_the_folder_of_its_data() -> None:
    image = instructions()
    user = image["USER"].partition(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert (image["WORKDIR"], image["VOLUME"]) == ("/data", "/data")
    assert "PAPERWIRE_DATABASE_URL=sqlite:////data/paperwire.db" in image["ENV"]
    assert json.loads(image["CMD"]) == ["paperwire", "run"]
    assert settings_of({}, Path("/")).web_port == int(image["EXPOSE"])


FILES = ("compose.yaml", "compose.small.yaml")


def services(name: str) -> dict[str, dict[str, Any]]:
    return yaml.safe_load((REPO / name).read_text("utf-8"))["services"]  # type: ignore[no-any-return]


def moved(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Returns an environment whose files are in this folder."""
    return {key: re.sub("/run/secrets|/etc/paperwire|%d", str(folder), value) for key, value in environment.items()}


def assert_all_platforms_are_on(environment: Mapping[str, str], folder: Path) -> None:
    (folder / "paperwire.toml").touch()
    settings = settings_of(moved(environment, folder), folder)
    assert all(settings.is_on(platform) for platform in ("telegram", "slack", "email"))


def uncommented(text: str) -> str:
    """Returns a file with the lines that are commented out: in these, no blank follows the #."""
    return re.sub(r"(?m)^( *)#(?=\S)", r"\1", text)


@pytest.mark.parametrize("name", FILES)
def test_every_service_has_no_more_rights_than_it_needs(name: str) -> None:
    for service in services(name).values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]  # noqa: S108 - of the container


def test_the_unit_has_no_more_rights_than_it_needs_and_names_the_secrets(tmp_path: Path) -> None:
    lines = uncommented((REPO / "paperwire.service").read_text("utf-8")).splitlines()
    assert {
        "UMask=0077",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "DynamicUser=yes",
    } <= {*lines}
    credentials = dict(
        line.removeprefix("LoadCredential=").split(":", 1) for line in lines if "LoadCredential=" in line
    )
    for name, text in {
        "telegram": "1:a",
        "slack-bot": "xoxb-1",
        "slack-app": "xapp-1",
        "smtp": "smtp://lab.org",
    }.items():
        assert name in credentials
        (tmp_path / name).write_text(text)
    variables = dict(line.split("=", 2)[1:] for line in lines if line.startswith("Environment="))
    assert_all_platforms_are_on(variables, tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_what_a_service_names_is_there_and_no_secret_is_written_out(name: str) -> None:
    whole = yaml.safe_load((REPO / name).read_text("utf-8"))
    for service in whole["services"].values():
        assert set(service.get("secrets", ())) <= whole["secrets"].keys()
        assert set(service.get("secrets", ())) == {
            Path(path).name for variable, path in service["environment"].items() if variable.endswith("_FILE")
        }
        assert service.get("depends_on", {}).keys() <= whole["services"].keys()
        assert whole["volumes"].keys() >= {
            volume.partition(":")[0] for volume in service["volumes"] if not volume.startswith(".")
        }
        assert [port for port in service.get("ports", ()) if not port.startswith("127.0.0.1:")] == []
        for variable, value in service["environment"].items():
            if re.search("PASSWORD|TOKEN|SECRET|URL", variable):
                assert value == "" or value.startswith("/run/secrets/"), variable


def test_it_starts_after_the_database_and_has_time_to_end() -> None:
    on_server = services("compose.yaml")["paperwire"]
    assert on_server["depends_on"]["database"]["condition"] == "service_healthy"
    for service in (on_server, services("compose.small.yaml")["paperwire"]):
        assert int(service["stop_grace_period"].removesuffix("s")) > SHUTDOWN_GRACE
