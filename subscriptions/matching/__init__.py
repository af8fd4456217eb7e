"""Many queries x many papers, and why a paper fits (docs/queries.md).

    papers ──read──▶ PaperIndex ──┐
                                  ├──match──▶ query → bits, one for each paper of the index
    queries ──add──▶ QuerySet ────┘

Both sides know the same features: a word, two words side by side, a category, a part of a name (`_features`). A query is
filed under one feature that every paper it fits must have, the rarest it offers. So a day of papers looks up its own
features and touches only the queries filed there, whatever their number; what the feature leaves open is verified
(`_papers`), once per term and window.
"""

from subscriptions.matching.distinctive import distinctive_terms as distinctive_terms
from subscriptions.matching.full_text import asked_of_index as asked_of_index
from subscriptions.matching.full_text import asks_for as asks_for
from subscriptions.matching.full_text import indexed as indexed
from subscriptions.matching.hits import Hit as Hit
from subscriptions.matching.hits import failing as failing
from subscriptions.matching.hits import spans as spans
from subscriptions.matching.hits import why as why
from subscriptions.matching.paper_index import PaperIndex as PaperIndex
from subscriptions.matching.paper_index import matching_papers as matching_papers
from subscriptions.matching.paper_index import merge_copies as merge_copies
from subscriptions.matching.query_set import QuerySet as QuerySet
from subscriptions.matching.query_set import match as match
from subscriptions.matching.tokenized_paper import simple_terms as simple_terms
from subscriptions.matching.tokenized_papers import TokenizedPapers as TokenizedPapers
