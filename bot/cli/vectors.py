"""The vectors that `match` needs where a query has `about:`: of the papers at hand, and of the texts that are asked about."""

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bot.ports.meaning import Encoder
from bot.settings.loading import load_settings
from bot.settings.models import encoder_of
from subscriptions.errors import MeaningFails, QueryError, Sentence
from subscriptions.model import Paper
from subscriptions.query import papers_of_queries
from subscriptions.query.tree import Query


class Vectors:
    """Makes vectors with the encoder that the settings choose. Only the first use reads the settings."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None

    def with_codes(self, papers: Sequence[Paper]) -> tuple[Paper, ...]:
        """Returns the papers with their codes. Raises MeaningFails."""
        codes = self._opened().papers(papers)
        return tuple(replace(paper, meaning=code) for paper, code in zip(papers, codes, strict=True))

    def questions(self, texts: Collection[str]) -> dict[str, bytes]:
        """Returns text → its vector. Raises MeaningFails."""
        return dict(zip(texts, self._opened().questions([*texts]), strict=True))

    def close(self) -> None:
        """Ends the encoder."""
        if self._encoder is not None:
            self._encoder.close()

    def _opened(self) -> Encoder:
        self._encoder = self._encoder or encoder_of(load_settings(os.environ, Path.cwd()))
        if self._encoder is None:
            raise MeaningFails(
                Sentence("Meaning is off here, so nothing is near to a text."),
                Sentence("Install paperwire[meaning], and leave PAPERWIRE_MEANING on."),
            )
        return self._encoder


def refused(query: Query, why: MeaningFails) -> QueryError:
    """Returns the error of a query that asks for nearness in meaning which cannot be told now."""
    return QueryError(why.sentence, why.hint, min(papers_of_queries.columns_asked(query).values()))
