"""A soak: the real program for half an hour at the platforms' limits, watched from outside; nothing may grow, be lost or be doubled.

`load` is what people, sources, operators and bad weather do to it; `program` runs and watches the process; `judge` decides by the
samples, the rows and the journals of the platforms; `leaking` is the same program with a leak, which the judge must find.
"""
