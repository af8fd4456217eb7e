"""A soak: the real program runs for half an hour at the platforms' limits. Nothing may grow, be lost or be doubled.

`load` is what people, sources and operators do, and which faults happen. `program` runs and watches the process.
`judge` decides from the samples, the rows and the platforms' journals. `leaking` is the same program with a leak, which
the judge must find.
"""
