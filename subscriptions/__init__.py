"""The domain of paperwire: papers, queries, subscriptions, deliveries.

Callers import from its packages (`from subscriptions.plan import decision`). This module itself exports only the
names that packages with further formats may use.
"""

from subscriptions.errors import PaperwireError as PaperwireError
from subscriptions.errors import Sentence as Sentence
from subscriptions.model import Paper as Paper
