"""Which papers a query finds, and why (docs/queries.md).

There is one check of a term in a paper (`fulfilment.predicate`). One query and one paper need nothing else. For many
queries, `PaperIndex` looks up the papers of each word, part of a name and label, and checks the others:

    graph neural          the papers with "graph" and those with "neural"
    "graph neural"        the same papers, each checked for the phrase
    cat:cs.LG -survey     the papers of the label, without those that have "survey"

The tests compare the results with those of a slow and simple matcher.
"""
