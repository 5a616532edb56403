"""Claims: what a text says of numbers, what the runs found, and the verdict.

A file of claims says which runs measure them, which number of their tables counts, and by
which test; nothing about an outcome is in it. Verdicts follow by rules that are written down
here (:mod:`hopcli.claims.judging`), from runs that anyone can repeat.
"""
