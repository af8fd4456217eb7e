"""Fields of the query language that only tests declare."""

from subscriptions.errors import Sentence
from subscriptions.query.fields import FIELDS, Field, ValueKind

COMMENT = Field(
    name="comment",
    aliases=("note", "备注"),
    kind=ValueKind.WORDS,
    values=lambda paper: (paper.comment,),
    example="comment:accepted",
    place=Sentence("in the comment"),
)


SPEAKER = Field(
    name="speaker",
    kind=ValueKind.NAME,
    values=lambda paper: [paper.comment.removeprefix("by ")],
    example='speaker:"Jane Doe"',
)


HOST = Field(
    name="host",
    kind=ValueKind.LABEL,
    values=lambda paper: [paper.url.split("/")[2]] if paper.url else [],
    example="host:arxiv.org",
    is_widespread=True,
)


MORE = FIELDS.also(COMMENT, SPEAKER, HOST)
