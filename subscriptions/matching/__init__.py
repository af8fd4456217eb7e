"""Matches many queries with many papers, and says why a paper fits (docs/queries.md).

    papers ──tokenize──▶ PaperIndex ──┐
                                      ├──match──▶ query -> bits, one for each paper of the index
    queries ─────add───▶ QuerySet ────┘

Each different condition of the queries gets a number, its *slot* (`slots`). Three queries and their slots:

    graph neural              1 graph   2 neural
    "graph neural" -survey    3 graph, then neural   4 survey
    cat:cs.LG graph           5 cs.LG   1 graph

A match goes once through the papers of the day. For each slot it finds the papers that fulfil it, as the bits of a number.
Here bit 0 is the first paper, "A graph neural survey" in cs.LG, and bit 1 the second, "Neural graph" in cs.CL.

    slot      1    2    3    4    5
    papers   11   11   01   01   01

A query has one or more *clauses*, of which a paper must fulfil one. Clauses are rows of tables. There is a table for
each shape: two wanted slots, one wanted and one unwanted slot, and so on. So the boolean work is a few operations on
whole columns of slots, and not on single queries:

    two wanted             1 and 2      11 & 11    11   both papers
                           5 and 1      01 & 11    01   the first one
    one wanted, one not    3 without 4  01 & ~01   00   none

Words and phrases of any length are found in one pass. After each word of a paper, a step leads to the slot of the longer
phrase: from "graph", the word "neural" leads to "graph neural" (`slots.Slots.steps`). So a match touches only conditions
that the papers of the day fulfil. A *feature* is a property of a paper that can be looked up, such as a category. No single
feature decides a term such as `graph-neur*`. Such a term is checked in the few papers that have all features that it
needs.

What each part of this design gains, measured with a million queries and 180 papers (`bench.matching`):

    equal queries are kept once, by canonical text   440,000 clauses instead of a million
    short queries are read piece by piece (`quick`)  compiled in 6 s instead of 30 s
    whole columns in Python (`Integers`)             0.26 s; one query at a time took 0.75 s
    whole columns in NumPy (`batch_numpy`)           0.05 s; for fewer than 5,000 clauses its import costs more

    names of two parts are looked up, not checked    0.02 s less if 0.8 % of the queries are names with an initial
    digests instead of canonical texts (`QuerySet`)  45 instead of 80 bytes for each query

No query can make a match slow:

- A clause takes 20 bytes, and 0.2 µs if every paper of the day fulfils it. A query has at most 64 clauses.
- A word of a phrase takes 120 bytes. A query has at most 1,000 characters.
- All prefixes together are looked up once for each word of the papers.
- Nearness to papers (`like:`) takes 25 µs with 180 papers, and a third more if a query names a single paper.
- A phrase that ends in a prefix costs most: 3 µs for each paper that has its other words.

The tests compare the results with those of a slow and simple matcher.
"""
