"""Text <-> syntax tree <-> canonical text of the query language (docs/queries.md).

typed text ──_typed──▶ plain text ──_lexer──▶ lexemes ──_grammar, _lists──▶ part ──_parts──▶ alternatives
                                                           └─ _values, _terms: a word in its field

`_exclusions`: what a comma leaves out. A value as people can type it: _writing. A rule more: _rewriting.
"""

from subscriptions.query.links import links_to_no_paper as links_to_no_paper
from subscriptions.query.links import mentioned as mentioned
from subscriptions.query.parsing.parse import parse_canonical as parse_canonical
from subscriptions.query.parsing.parse import parse_query as parse_query
from subscriptions.query.parsing.sentences import MAX_QUERY_LENGTH as MAX_QUERY_LENGTH
from subscriptions.query.parsing.typed_text import fold_source as fold_source
from subscriptions.query.parsing.typed_text import fold_value as fold_value
from subscriptions.query.rewriting import author_rule as author_rule
from subscriptions.query.rewriting import narrowed as narrowed
from subscriptions.query.rewriting import words_rule as words_rule
from subscriptions.query.syntax import Alternative as Alternative
from subscriptions.query.syntax import And as And
from subscriptions.query.syntax import Leaf as Leaf
from subscriptions.query.syntax import Node as Node
from subscriptions.query.syntax import Not as Not
from subscriptions.query.syntax import Or as Or
from subscriptions.query.syntax import Query as Query
from subscriptions.query.syntax import Term as Term
from subscriptions.query.writing import written_value as written_value
