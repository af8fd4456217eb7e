"""The domain of paperwire: papers, queries, subscriptions, deliveries.

Each room is a door of its own (`from subscriptions.planning import plan`). Here stands only what packages of other people
that add a format are promised.
"""

from subscriptions.errors import PaperwireError as PaperwireError
from subscriptions.errors import Sentence as Sentence
from subscriptions.model import Paper as Paper
