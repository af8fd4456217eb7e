"""Asks the process that runs whether all is well: what `/health/ready` answers, for a shell on the same machine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from bot.settings import Settings
from subscriptions.store import Store
from subscriptions.store.workers import others

PATIENCE = 5.0  # seconds; a process that needs longer does not count as ready
_LARGEST = 1024 * 1024  # bytes of the answer
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to listen on -> one to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What the running process says of itself."""

    is_ready: bool
    problems: Mapping[str, str] = field(default_factory=dict)  # name -> why
    seconds: Mapping[str, int] = field(default_factory=dict)  # name -> for how long, as far as that is known
    attention: Mapping[str, str] = field(default_factory=dict)  # name -> what to look at although it is ready


def ask_readiness(settings: Settings, store: Store) -> Readiness:
    """Returns what `/health/ready` answers at the web address of the settings.

    If nobody answers, or a process that works on another database than `store`, that is the problem. Raises StoreError.
    """
    host = _EVERYWHERE.get(settings.web_host, settings.web_host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}/health/ready"
    if not settings.web_port:
        return _problem("PAPERWIRE_WEB_PORT is 0, so only the process itself knows where it listens")
    connection = HTTPConnection(host, settings.web_port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health/ready")
        found = json.loads(connection.getresponse().read(_LARGEST))
        seconds = {str(name): int(age) for name, age in found.get("seconds", {}).items()}
        problems, seen = _texts(found["problems"]), _texts(found.get("attention", {}))
        answer = Readiness(is_ready=found["ready"] is True, problems=problems, seconds=seconds, attention=seen)
        worker = found.get("worker", "")
    except (OSError, HTTPException):
        return _problem(f"nothing answers at {url}; is paperwire run running, with the same settings?")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _problem(f"what answers at {url} is not paperwire; look at PAPERWIRE_WEB_PORT")
    finally:
        connection.close()
    with store.read() as transaction:
        if worker and worker not in others(transaction, ""):
            return _problem(f"what answers at {url} works on another database; look at PAPERWIRE_DATABASE_URL")
    return answer


def _texts(found: Mapping[object, object]) -> dict[str, str]:
    return {str(name): str(text) for name, text in found.items()}


def _problem(why: str) -> Readiness:
    return Readiness(is_ready=False, problems={"process": why})
