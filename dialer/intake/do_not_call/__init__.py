"""Lists of numbers that must not be called. Whatever cannot be read for sure stops the run.

`reading` finds the numbers in a file, by `columns` what its columns hold; `file_list` is such a file, `shared_list` the
list of the workspace, and both have `members`; `lists` answers who is on which list, and `watch` reads a list again
that changes during a run.
"""

from dialer.intake.do_not_call.lists import Listed, Suppression
from dialer.intake.do_not_call.shared_list import SharedList
from dialer.intake.do_not_call.watch import GLANCE, Watch

__all__ = ["GLANCE", "Listed", "SharedList", "Suppression", "Watch"]
