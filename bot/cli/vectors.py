"""The vectors that `match` needs where a query has `about:`: of the papers at hand, and of the texts that are asked about."""

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bot.meaning import encoder_of
from bot.ports.meaning import Encoder
from bot.settings.loading import load_settings
from subscriptions.errors import MeaningFails, QueryError, Sentence
from subscriptions.model import Paper
from subscriptions.query import Query, parse


def with_codes(papers: Sequence[Paper]) -> tuple[Paper, ...]:
    """Returns the papers with their codes. Raises MeaningFails."""
    codes = _encoder().papers(papers)
    return tuple(replace(paper, meaning=code) for paper, code in zip(papers, codes, strict=True))


def questions(texts: Collection[str]) -> dict[str, bytes]:
    """Returns text → its vector. Raises MeaningFails."""
    return dict(zip(texts, _encoder().questions([*texts]), strict=True))


def asking(query: Query, vectors: dict[str, bytes]) -> Query:
    """Returns the query with the vectors of the texts that it asks about."""
    return parse.parse_query(query.text, query.fields.asking(vectors))


def refused(query: Query, why: MeaningFails) -> QueryError:
    """Returns the error of a query that asks for nearness in meaning which cannot be told now."""
    return QueryError(why.sentence, why.hint, min(parse.texts_asked_in(query).values()))


def _encoder() -> Encoder:
    encoder = encoder_of(load_settings(os.environ, Path.cwd()))
    if encoder is None:
        raise MeaningFails(
            Sentence("Meaning is off here, so nothing is near to a text."),
            Sentence("Install paperwire[meaning], and leave PAPERWIRE_MEANING on."),
        )
    return encoder
