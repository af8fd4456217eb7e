"""The postbox, a platform that only the tests have: its channel with its fake platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from subscriptions.model import ChatAddress
from tests.contract.rigs.console import console_message
from tests.contract.rigs.rig import Rig
from tests.postbox.channel import PostboxChannel


@asynccontextmanager
async def postbox(_: float) -> AsyncIterator[Rig]:
    """The postbox: a platform that only the tests have."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        out.mkdir()
        channel = PostboxChannel(Path(folder))
        yield Rig(
            channel=channel,
            chat=ChatAddress("postbox", "ada"),
            topic=ChatAddress("postbox", "ada", "thesis"),
            compose=console_message,
            received=channel.texts,
            disconnect=lambda: setattr(channel, "is_closed", True),
            secret=channel.secret,
        )


RIGS = {"postbox": postbox}
