"""Ends with 0 if `paperwire run` with the same settings answers at /health/live, else with 1.

The image's check of health.

It reads two settings only: another one that was broken since the start does not end a good process.
"""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from bot.settings import PREFIX, Settings, variable
from bot.settings.values import reached_at

_PROBE_TIMEOUT_SECONDS = 4.0  # seconds


def main() -> int:
    """Ask the process. Return the exit status."""
    try:
        given = {name: variable(f"{PREFIX}{name.upper()}") for name in ("web_host", "web_port")}
        settings = Settings.model_validate({name: text for name, text in given.items() if text})
        connection = HTTPConnection(reached_at(settings.web_host), settings.web_port, timeout=_PROBE_TIMEOUT_SECONDS)
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - docker inspect shows it
        return 1
    return 0 if status == HTTPStatus.OK else 1


if __name__ == "__main__":
    sys.exit(main())
