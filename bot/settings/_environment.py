"""Reads settings from the environment."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from bot.errors import SettingsError
from bot.settings._checks import Unusable, secret
from subscriptions.errors import Sentence

T = TypeVar("T")
D = TypeVar("D")

LARGEST_SECRET = 65_536  # bytes of a file with a secret; a larger file is the wrong one


def use(setting: str | Sentence, value: str, check: Callable[[str], T]) -> T:
    """Returns the result of `check` for a value. Raises SettingsError, which names the setting and not the value."""
    try:
        return check(value)
    except Unusable as unusable:
        raise unusable_setting(setting, unusable.reason) from None  # the cause would show the value


def unusable_setting(setting: str | Sentence, reason: Sentence) -> SettingsError:
    """Returns the error for a setting that cannot be used. `reason` is the end of its sentence: "it must be …"."""
    return SettingsError(Sentence("{setting} cannot be used: {reason}.", {"setting": setting, "reason": reason}))


class Environment:
    """The environment variables of a process, and its current folder."""

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        self._environ = environ
        self.cwd = cwd

    def text(self, name: str) -> str | None:
        """Returns the value of a variable, or the content of the file that NAME_FILE names, without its last line end."""
        value, file = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if value and file:
            raise SettingsError(Sentence("{name} and {name}_FILE are both set; keep one of them.", {"name": name}))
        if not file:
            return value or None
        try:
            with (self.cwd / file).open("rb") as opened:
                content = opened.read(LARGEST_SECRET + 1)
            held = content.decode() if len(content) <= LARGEST_SECRET else None
        except (OSError, ValueError):
            held = None
        if held is None:
            raise unusable_setting(f"{name}_FILE", Sentence("it must be the path of a small text file")) from None
        return held.removesuffix("\n").removesuffix("\r") or None

    def read(self, name: str, check: Callable[[str], T], default: D) -> T | D:
        """Returns the result of `check` for a variable; `default` if it is not set. Raises SettingsError."""
        value = self.text(name)
        return default if value is None else use(name, value, check)

    def secret(self, name: str, check: Callable[[str], str] = secret) -> SecretStr | None:
        """Returns a value like `read`, wrapped so that no log, error or repr shows it; None if it is not set."""
        value = self.read(name, check, None)
        return None if value is None else SecretStr(value)

    def unknown(self, known: Collection[str], named: Collection[str]) -> tuple[str, ...]:
        """Returns the variables that begin with PAPERWIRE_ and are neither `known` nor `named` by paperwire.toml."""
        ours = (name for name in self._environ if name.startswith("PAPERWIRE_"))
        meant = {*known, *named}
        return tuple(sorted(name for name in ours if not {name, name.removesuffix("_FILE")} & meant))
