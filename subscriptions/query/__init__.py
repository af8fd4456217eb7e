"""Text <-> syntax tree <-> canonical text of the query language (docs/queries.md).

typed text ──_typed──▶ plain text ──_lexer──▶ lexemes ──_grammar, _lists──▶ part ──_parts──▶ alternatives
                                                           └─ _values, _terms: a word in its field

`_exclusions`: what a comma leaves out. A value as people can type it: _writing. A rule more: _rewriting.
"""

from subscriptions.query._links import links_to_no_paper as links_to_no_paper
from subscriptions.query._links import mentioned as mentioned
from subscriptions.query._model import Alternative as Alternative
from subscriptions.query._model import And as And
from subscriptions.query._model import Leaf as Leaf
from subscriptions.query._model import Node as Node
from subscriptions.query._model import Not as Not
from subscriptions.query._model import Or as Or
from subscriptions.query._model import Query as Query
from subscriptions.query._model import Term as Term
from subscriptions.query._rewriting import author_rule as author_rule
from subscriptions.query._rewriting import narrowed as narrowed
from subscriptions.query._rewriting import widened as widened
from subscriptions.query._rewriting import words_rule as words_rule
from subscriptions.query._sentences import MAX_QUERY_LENGTH as MAX_QUERY_LENGTH
from subscriptions.query._typed import fold_source as fold_source
from subscriptions.query._understanding import parse_canonical as parse_canonical
from subscriptions.query._understanding import parse_query as parse_query
from subscriptions.query._writing import FIELD_LABELS as FIELD_LABELS
from subscriptions.query._writing import written_value as written_value
