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

The queries are columns of slots, a table for each shape: two wanted, one wanted and one unwanted, and so on.
So the boolean work is a few operations on whole columns, and not on single queries:

    two wanted             1 and 2      11 & 11    11   both papers
                           5 and 1      01 & 11    01   the first one
    one wanted, one not    3 without 4  01 & ~01   00   none

Words and phrases of any length are found in one pass: from the slot of a word, or of the words so far, a step leads to the
slot with one word more (`slots.Slots.steps`). So a match touches only what the papers of the day have. A term that no feature
decides, such as `graph-neur*`, is checked in the few papers that have all its features.

What each part of this design gains, measured with a million lines and 180 papers (`bench.matching`):

    equal queries once, by canonical text            440,000 clauses instead of a million
    short queries read piece by piece (`quick`)      compiled in 6 s instead of 30 s
    whole columns in Python (`Integers`)             0.26 s; a query at a time took 0.75 s
    the same by NumPy (`batch_numpy`)                0.05 s; for fewer than 5,000 clauses its import costs more

    names of two parts looked up, not checked        0.02 s less if 0.8 % of the queries are names with an initial
    digests instead of canonical texts (`QuerySet`)  45 instead of 80 bytes a line

No query makes this slow. A clause takes 20 bytes and 0.2 µs if every paper of the day fulfils it; a query has at most
64 of them. A word of a phrase takes 120 bytes, and a query has at most 1,000 characters. Any prefix is looked up once
for each word of the papers. Nearness to papers (`like:`) takes 25 µs with 180 papers, and a third more if a query names a
single paper. A phrase that ends in a prefix costs most: 3 µs for each paper with the rest of its words.

The tests compare all this with a slow matcher that only follows the rules.
"""
