"""Claims: published statements, the runs that measure them, and verdicts.

A claims file names the conditions of each claim, the number that measures it, and the test; it
contains no outcome. Verdicts follow from the rule in :mod:`hopcli.claims.judging`; printed numbers
are simulated in :mod:`hopcli.claims.published`.
"""
