"""Every sentence that a person reads.

A module named after a part of the house has that part's sentences: a function for each thing that happens, given plain
facts, or a constant where there are none. `before`, `after` and `status` are pages: they show the values of operations.
"""
