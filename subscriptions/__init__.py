"""The domain of paperwire: papers, queries, subscriptions, deliveries.

Callers import from its rooms (`from subscriptions.planning import plan`). This module exports only what packages that
add a format may rely on.
"""

from subscriptions.errors import PaperwireError as PaperwireError
from subscriptions.errors import Sentence as Sentence
from subscriptions.model import Paper as Paper
