"""Runs the commands of the Dockerfile in order, in an empty folder and environment, and checks the result.

A new virtual environment replaces the base image. Links to the packages of this environment replace the package index,
so nothing is downloaded. Only packages that the lock file names are there.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.requirements import Requirement

from bot.delivery.sender import SHUTDOWN_GRACE
from bot.settings import unknown_variables
from tests.given_settings import settings_of
from tests.integration.cli import Terminal

REPO = Path(__file__).parents[2]
INSIDE = re.compile(r"/(src|wheels|data)\b")  # every absolute path that the Dockerfile uses


@dataclass
class Stage:
    """A stage of the build (FROM …): an environment, and a folder under which its absolute paths are."""

    root: Path
    name: str
    workdir: Path = field(init=False)
    env: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)  # USER, VOLUME, CMD, …

    def __post_init__(self) -> None:
        self.workdir = self.root
        venv.create(self.root / "python")
        self.provide(["pip"])
        stubs = self.root / "stubs"
        stubs.mkdir()
        # replaces chown, because the user who runs the tests may not be allowed to change owners
        (stubs / "chown").write_text("#!/bin/sh\n", encoding="utf-8")
        (stubs / "chown").chmod(0o755)
        self.env = {
            "PATH": f"{self.root}/python/bin:{stubs}:{os.defpath}",
            "HOME": str(self.root),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip inverts this variable: 0 switches isolation off
        }

    def path(self, text: str) -> Path:
        """Returns the path on this machine for a path of the Dockerfile."""
        return Path(self.inside(text)) if text.startswith("/") else self.workdir / text

    def inside(self, text: str) -> str:
        return INSIDE.sub(lambda match: f"{self.root}{match[0]}", text)

    def run(self, command: str | Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the commands of our own Dockerfile
            ["/bin/sh", "-euc", self.inside(command)] if isinstance(command, str) else command,
            cwd=self.workdir,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def provide(self, names: Sequence[str]) -> None:
        """Links installed packages into this environment, as if the index offered them."""
        site = next((self.root / "python" / "lib").glob("python*/site-packages"))
        for name in names:
            package = distribution(name)
            for top in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
                if not (site / top).exists():
                    (site / top).symlink_to(str(package.locate_file(top)))


def instructions() -> Iterator[tuple[str, str]]:
    """Yields the instructions of the Dockerfile, such as ("RUN", "python -m pip …")."""
    text = re.sub("^#.*\n", "", (REPO / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").split("\n"):
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, " ".join(rest.split())


def locked(lock: str) -> list[str]:
    """Returns the packages of a lock file that this machine needs."""
    lines = (REPO / lock).read_text(encoding="utf-8").split("\n")
    wanted = [Requirement(line.rstrip("\\")) for line in lines if line.strip() and not line.startswith(" ")]
    return [one.name for one in wanted if one.marker is None or one.marker.evaluate()]


def with_dependencies(names: Sequence[str]) -> list[str]:
    found = list(names)
    for name in found:
        needed = (Requirement(text) for text in distribution(name).requires or ())
        found += [one.name for one in needed if one.name not in found and (not one.marker or one.marker.evaluate())]
    return found


def copy(stage: Stage, stages: dict[str, Stage], arguments: str) -> None:
    """Executes COPY: copies files, or the content of a folder, into a folder. Fails the test for ignored sources."""
    *sources, target = (word for word in arguments.split() if not word.startswith("--"))
    origin = re.search(r"--from=(\w+)", arguments)
    allowed = {line[1:] for line in (REPO / ".dockerignore").read_text(encoding="utf-8").split("\n") if line[:1] == "!"}
    for source in sources:
        assert origin or source in allowed, f".dockerignore hides {source}"
        path = stages[origin[1]].path(source) if origin else REPO / source
        if path.is_dir():
            shutil.copytree(path, stage.path(target), dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            stage.path(target).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, stage.path(target))


def build(folder: Path, stages: dict[str, Stage], **given: str) -> Stage:
    """Executes the Dockerfile with these build arguments, and skips stages that `stages` has. Returns the last stage."""
    there = set(stages)
    arguments = {
        name: default for word, rest in instructions() if word == "ARG" for name, _, default in [rest.partition("=")]
    }
    assert given.keys() <= arguments.keys()
    arguments |= given
    for word, raw in instructions():
        rest = re.sub(r"\$\{(\w+)\}", lambda found: arguments.get(found[1], found[0]), raw)
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "last"
            if name in there:
                continue
            (folder / name).mkdir()
            stage = stages[name] = Stage(folder / name, name)
            stage.provide(locked(arguments["LOCK"]) if name == "last" else with_dependencies(["hatchling"]))
        elif name in there:
            continue
        elif word == "COPY":
            copy(stage, stages, rest)
        elif word == "RUN":
            ran = stage.run(rest)
            assert ran.returncode == 0, f"RUN {rest}\n{ran.stdout}{ran.stderr}"
        elif word == "ARG":
            assert name == "last", "an argument of a build holds for its stage"
        elif word == "WORKDIR":
            stage.workdir = stage.path(rest)
            stage.workdir.mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            stage.env |= dict(stage.inside(pair).split("=", 1) for pair in shlex.split(rest))
        else:
            stage.settings[word] = rest
    return stage


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    """The stages that are already built, by their names."""
    return {}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, stages: dict[str, Stage]) -> Stage:
    return build(tmp_path_factory.mktemp("image"), stages)


def test_the_image_holds_the_program_and_nothing_that_built_it(image: Stage) -> None:
    output = image.run(["paperwire", "--help"])
    assert output.returncode == 0, output.stderr
    assert "demo" in output.stdout
    shown = image.run(["paperwire", "demo", "--out", "gallery"])  # the demo needs templates, languages and samples
    assert shown.returncode == 0, shown.stderr
    assert list((image.workdir / "gallery").glob("*.html"))
    assert image.run(["python", "-c", "import hatchling"]).returncode != 0
    assert not image.path("/wheels").exists()
    assert not image.path("/src").exists()
    assert image.run(["python", "-m", "pip", "check"]).returncode == 0


def test_only_the_image_for_a_server_holds_the_driver(image: Stage, stages: dict[str, Stage], tmp_path: Path) -> None:
    for_server = build(
        tmp_path, {name: stage for name, stage in stages.items() if name != "last"}, LOCK="requirements-postgresql.lock"
    )
    assert for_server.run(["python", "-c", "import psycopg"]).returncode == 0
    assert for_server.run(["paperwire", "--version"]).returncode == 0
    assert image.run(["python", "-c", "import psycopg"]).returncode != 0


def test_the_image_runs_as_nobody_in_the_folder_of_its_data(image: Stage) -> None:
    user = image.settings["USER"].partition(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert (image.workdir, image.settings["VOLUME"]) == (image.path("/data"), "/data")
    assert image.env["PAPERWIRE_DATABASE_URL"] == f"sqlite:///{image.root}/data/paperwire.db"
    assert json.loads(image.settings["CMD"]) == ["paperwire", "run"]


FILES = ("compose.yaml", "compose.small.yaml")


def services(name: str) -> dict[str, dict[str, Any]]:
    return yaml.safe_load((REPO / name).read_text("utf-8"))["services"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", FILES)
def test_each_service_of_ours_is_a_subcommand_with_its_settings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paperwire = Terminal(tmp_path, monkeypatch)
    paperwire.file("database_url", "postgresql://database/paperwire")
    paperwire.file("telegram_token", "123456:ABC-def")
    # only services whose image our Dockerfile builds
    for service in (one for one in services(name).values() if re.match(r"paperwire(:\w+)?$", one["image"])):
        program, *words = service.get("command", ["paperwire", "run"])
        assert program == "paperwire"
        shown = paperwire(*words, "--help")
        assert shown.status == 0
        assert f"Usage: paperwire {' '.join(words)} " in shown.out
        given = {
            key: re.sub("/run/secrets|/etc/paperwire", str(tmp_path), value)
            for key, value in service["environment"].items()
        }
        settings = settings_of(given, tmp_path)
        assert settings.is_on("telegram")
        monkeypatch.setattr("os.environ", given)
        assert not unknown_variables(settings)


def uncommented(text: str) -> str:
    """Returns a file with the lines that are commented out: in these, no blank follows the #."""
    return re.sub(r"(?m)^( *)#(?=\S)", r"\1", text)


@pytest.mark.parametrize("name", FILES)
def test_every_service_has_no_more_rights_than_it_needs(name: str) -> None:
    for service in services(name).values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]  # noqa: S108 - of the container


@pytest.mark.parametrize("name", FILES)
def test_the_secrets_of_slack_and_mail_only_have_to_be_uncommented(name: str, tmp_path: Path) -> None:
    whole = yaml.safe_load(uncommented((REPO / name).read_text("utf-8")))
    service = whole["services"]["paperwire"]
    (tmp_path / "paperwire.toml").touch()
    texts = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "smtp_url": "smtps://u:p@lab.org:465"}
    for secret in service["secrets"]:
        assert whole["secrets"][secret]["file"] == f"./secrets/{secret}"
        (tmp_path / secret).write_text(texts.get(secret, "123456:ABC-def"))
    (tmp_path / "database_url").write_text("postgresql://database/paperwire")
    environment = {
        key: re.sub("/run/secrets|/etc/paperwire", str(tmp_path), value)
        for key, value in service["environment"].items()
    }
    settings = settings_of(environment, tmp_path)
    assert all(settings.is_on(platform) for platform in ("telegram", "slack", "email"))


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
    (tmp_path / "paperwire.toml").touch()
    variables = dict(line.split("=", 2)[1:] for line in lines if line.startswith("Environment="))
    environment = {
        name: value.replace("%d", str(tmp_path)).replace("/etc/paperwire", str(tmp_path))
        for name, value in variables.items()
    }
    settings = settings_of(environment, tmp_path)
    assert all(settings.is_on(platform) for platform in ("telegram", "slack", "email"))


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
    dockerfile = (REPO / "Dockerfile").read_text("utf-8")
    assert all(f"ARG {argument}=" in dockerfile for argument in on_server["build"]["args"])
    for service in (on_server, services("compose.small.yaml")["paperwire"]):
        assert int(service["stop_grace_period"].removesuffix("s")) > SHUTDOWN_GRACE
