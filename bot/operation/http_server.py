"""The HTTP server: where it listens, and how many connections it serves. Who opens it to the world puts a proxy in front."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import uvicorn
from starlette.applications import Starlette

from bot.errors import SettingsError
from bot.settings import Settings

MOST_CONNECTIONS = 256  # all others are answered with 503


@asynccontextmanager
async def serving(settings: Settings, app: Starlette) -> AsyncIterator[str]:
    """Serves `app` while the body runs. Yields its address. Raises SettingsError if the port cannot be used."""
    listener = _listener(settings)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        log_config=None,  # uvicorn's own configuration would log secrets
        log_level="error",  # at "warning", each connection that does not speak HTTP writes a line
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # orderly_stop handles signals
    task = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


def _listener(settings: Settings) -> socket.socket:
    """Returns the bound socket of the web address.

    Raises SettingsError if the program may not or cannot listen there.
    """
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, port = settings.web_host, settings.web_port
    try:
        listener.bind((host, port))
        listener.listen()  # before the address is printed, so that programs that read it can connect
    except OSError as error:
        listener.close()
        why = (error.strerror or "unknown").lower()
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {why}.",
            "Choose another in PAPERWIRE_WEB_HOST and PAPERWIRE_WEB_PORT; port 0 takes any that is free.",
        ) from None
    return listener
