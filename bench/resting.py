"""Measures the memory of a `paperwire run` with only Telegram and nothing to do, from /proc (Linux).

    python -m bench.resting

For comparison, a second process only imports the libraries that such a bot loads. Aim: less than 100 MB.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fakes import telegram
from tests.integration.cli import INBOX
from tests.running_program import running_program

AIM = 100e6  # bytes
LIBRARIES = "typer, sqlmodel, tenacity, apscheduler.schedulers.asyncio, uvicorn, starlette.applications, prometheus_client, aiohttp, httpx"
_LOADED = f"import sys; sys.modules['httpx._main'] = None; import {LIBRARIES}, telegram; print(open('/proc/self/statm').read().split()[1])"
PAGE = 4096


def main() -> int:
    alone = (
        int(subprocess.run([sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True).stdout) * PAGE
    )
    print(f"the libraries alone: {alone / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as name, telegram.FakeTelegram() as fake:
        folder = Path(name)
        (folder / "inbox").mkdir()
        (folder / "paperwire.toml").write_text(INBOX)
        environment = {
            "PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db",
            "PAPERWIRE_TELEGRAM_TOKEN": telegram.TOKEN,
            "PAPERWIRE_TELEGRAM_API_URL": fake.url,
        }
        first = taken(folder, environment, fake)
        print(f"at rest after the first start, which makes the database: {first / 1e6:.1f} MB")
        later = min(taken(folder, environment, fake) for _ in range(3))
        print(f"at rest after any later start: {later / 1e6:.1f} MB; aim {AIM / 1e6:.0f}")
    return 0


def taken(folder: Path, environment: dict[str, str], fake: telegram.FakeTelegram) -> int:
    """Returns the resident bytes of the bot when it listens for updates."""
    fake.queue.asked.clear()
    with running_program(folder, environment) as program:
        assert fake.queue.asked.wait(60), "it listens"
        memory = program.memory()
        program.stops()
    return memory


if __name__ == "__main__":
    sys.exit(main())
