"""Runs the cluster of one run of the tests, in FOLDER, and ends with that run, however it ends.

Says "ready" when it takes connections. The run holds the writing end of FOLDER/run; when no process holds it any more,
the server is stopped and the folder removed.
"""

import shutil
import signal
import sys
from pathlib import Path

from tests.postgres.cluster import Cluster

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and their end this
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
