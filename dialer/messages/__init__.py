"""Every sentence that a person reads.

A module named after a part of the house has that part's sentences: a function for each thing that happens, given plain
facts, or a constant where there are none. `pages` are what the commands print of the values of operations.
"""
