"""Matches many queries with many papers, and says why a paper fits (docs/queries.md).

    papers ──tokenize──▶ PaperIndex ──┐
                                      ├──match──▶ query -> bits, one for each paper of the index
    queries ─────add───▶ QuerySet ────┘

There is one check of a term in a paper (`hits.predicate`). One query and one paper need nothing else. For many queries,
a match looks up most terms in the words of the papers, and checks only what no look-up decides.

Each different condition of the queries gets a number, its *slot* (`conditions`). Three queries and their slots:

    graph neural              1 graph   2 neural
    "graph neural" -survey    3 graph, then neural   4 survey
    cat:cs.LG graph           5 cs.LG   1 graph

A match finds the papers of each slot once, as the bits of a number. Here bit 0 is the first paper, "A graph neural survey"
in cs.LG, and bit 1 the second, "Neural graph" in cs.CL.

    slot      1    2    3    4    5
    papers   11   11   01   01   01

A query has one or more *clauses*, of which a paper must fulfil one. Clauses are rows of tables. There is a table for
each shape: two wanted slots, one wanted and one unwanted slot, and so on. So the boolean work is a few operations on
whole columns of slots, and not on single queries (`batch`):

    two wanted             1 and 2      11 & 11    11   both papers
                           5 and 1      01 & 11    01   the first one
    one wanted, one not    3 without 4  01 & ~01   00   none

Phrases are found word by word: where a text has "graph", the match looks for "graph neural", and so on while a query has a
phrase that begins so.

What each part of this design gains, measured with 100,000 and a million queries and 180 papers (`bench.matching`):

    equal queries are kept once, by canonical text     439,000 queries instead of a million
    short queries are read piece by piece (`quick`)    compiled in 2 s instead of 6 s; 12 s instead of 30 s
    whole columns                                      0.06 and 0.2 s; one query at a time took 0.15 and 0.8 s

No query can make a match slow:

- A clause takes 16 bytes, and 0.3 µs if every paper of the day fulfils it. A query has at most 64 clauses.
- A phrase takes 150 bytes for each of its first eight words. Longer phrases are checked in the papers that have these.
- All beginnings of words together are looked up once for each different word of the papers.
- Nearness to papers (`like:`) takes 0.1 ms with 180 papers, nearness in meaning (`about:`) 1 ms.
- A phrase that ends in a prefix costs most: 3 µs for each paper that has its other words.

The tests compare the results with those of a slow and simple matcher.
"""
