"""Matches many queries with many papers, and says why a paper fits (docs/queries.md).

    papers ──tokenize──▶ PaperIndex ──┐
                                      ├──match──▶ query → bits, one for each paper of the index
    queries ─────add───▶ QuerySet ────┘

Both sides have the same features (`features`): a word, two words side by side, a category, a part of a name. A query is
filed under the rarest feature that its papers must have. So the papers of a day look up their own features and meet only
the queries filed there, however many others there are. What the feature does not decide is checked (`paper_index`), once
per term and index. The tests compare all this with a slow matcher that has only the rules.
"""

from subscriptions.matching.copies import merge_copies as merge_copies
from subscriptions.matching.distinctive import distinctive_terms as distinctive_terms
from subscriptions.matching.full_text import index_document as index_document
from subscriptions.matching.full_text import index_question as index_question
from subscriptions.matching.full_text import presence_expression as presence_expression
from subscriptions.matching.hits import Hit as Hit
from subscriptions.matching.hits import HitFinder as HitFinder
from subscriptions.matching.hits import spans as spans
from subscriptions.matching.hits import unfulfilled_parts as unfulfilled_parts
from subscriptions.matching.hits import why as why
from subscriptions.matching.paper_index import PaperIndex as PaperIndex
from subscriptions.matching.query_set import QuerySet as QuerySet
from subscriptions.matching.query_set import match as match
from subscriptions.matching.terms import simple_terms as simple_terms
from subscriptions.matching.tokenized_papers import TokenizedPapers as TokenizedPapers
from subscriptions.matching.tokenized_papers import matching_papers as matching_papers
