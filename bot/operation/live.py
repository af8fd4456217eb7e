"""Ends with 0 if `paperwire run` with the same settings answers at /health/live, else with 1. The image's check of health."""

import os
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bot.settings.hosts import reached_at
from bot.settings.loading import load_usable_settings

_PATIENCE = 4.0  # seconds


def main() -> int:
    """Asks the process. Returns the exit status."""
    settings = load_usable_settings(
        os.environ, Path.cwd()
    )  # what was broken since the start does not end a good process
    try:
        connection = HTTPConnection(reached_at(settings.web_host), settings.web_port, timeout=_PATIENCE)
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        print(error, file=sys.stderr)  # noqa: T201 - docker inspect shows it
        return 1
    return 0 if status == 200 else 1  # noqa: PLR2004 - OK


if __name__ == "__main__":
    sys.exit(main())
