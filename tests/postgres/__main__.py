"""Runs the cluster of one test run in FOLDER, until the run ends for any reason.

Prints "ready" when it accepts connections. The processes of the run hold FOLDER/run open for writing. When no process
holds it open any more, the server is stopped and the folder is removed.
"""

import shutil
import signal
import sys
from pathlib import Path

from tests.postgres.cluster import Cluster

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and their end stops this process
folder = Path(sys.argv[1])
cluster = Cluster(folder / "cluster")
try:
    with (folder / "run").open("rb") as run:
        cluster.folder.mkdir()
        cluster.make()
        cluster.start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        run.read()
finally:
    cluster.stop(signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)
