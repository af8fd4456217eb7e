"""The query language (docs/queries.md): typed text -> syntax tree and alternatives -> canonical text.

`fields` declares what a query can ask for, `parsing` reads a text, `syntax` has the result. `writing` and `rewriting` make
texts that people can read and type. `advice` and `slips` find better queries. `identifiers` and `links` find the papers
that a text names.
"""

from subscriptions.query.links import links_to_no_paper as links_to_no_paper
from subscriptions.query.links import mentioned as mentioned
from subscriptions.query.nearness import asked_beside as asked_beside
from subscriptions.query.nearness import asks_for_nearness as asks_for_nearness
from subscriptions.query.nearness import papers_named_in as papers_named_in
from subscriptions.query.nearness import papers_of_wish as papers_of_wish
from subscriptions.query.nearness import words_kept as words_kept
from subscriptions.query.parsing.parse import parse_canonical as parse_canonical
from subscriptions.query.parsing.parse import parse_query as parse_query
from subscriptions.query.parsing.quick import Piece as Piece
from subscriptions.query.parsing.quick import ShortQuery as ShortQuery
from subscriptions.query.parsing.quick import read_quickly as read_quickly
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
