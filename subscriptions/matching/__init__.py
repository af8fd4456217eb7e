"""Matches many queries with many papers, and says why a paper fits (docs/queries.md).

    papers ──tokenize──▶ PaperIndex ──┐
                                      ├──match──▶ query -> bits, one for each paper of the index
    queries ─────add───▶ QuerySet ────┘

What queries ask for is numbered, each different thing once: a *slot* (`slots`). Three queries and their slots:

    graph neural              1 graph   2 neural
    "graph neural" -survey    3 graph, then neural   4 survey
    cat:cs.LG graph           5 cs.LG   1 graph

A match goes once through the papers of the day. It finds the papers of each slot, as the bits of a number. Bit 0 is the
first paper: "A graph neural survey" in cs.LG; bit 1 the second one: "Neural graph" in cs.CL.

    slot      1    2    3    4    5
    papers   11   11   01   01   01

The queries are columns of slots, a table for each shape (`columns`): two wanted, one wanted and one unwanted, and so on.
So the boolean work is a few operations on whole columns, and not on single queries:

    two wanted             1 and 2      11 & 11    11   both papers
                           5 and 1      01 & 11    01   the first one
    one wanted, one not    3 without 4  01 & ~01   00   none

Words and phrases of any length are found in one pass: from the slot of a word, or of the words so far, a step leads to the
slot with one word more (`slots.Slots.steps`). So a day touches only what its papers have. What no feature decides, such as
`author:"J. Doe"`, is looked up in the few papers that have all its features.

With few queries the columns are gone through in Python, with many by NumPy (`batch`). The tests compare all this with a slow
matcher that has only the rules.
"""

from subscriptions.matching.batch import match as match
from subscriptions.matching.batch import prepare as prepare
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
from subscriptions.matching.snapshot import DamagedSnapshot as DamagedSnapshot
from subscriptions.matching.snapshot import dump as dump
from subscriptions.matching.snapshot import load as load
from subscriptions.matching.terms import simple_terms as simple_terms
from subscriptions.matching.tokenized_papers import TokenizedPapers as TokenizedPapers
from subscriptions.matching.tokenized_papers import matching_papers as matching_papers
