"""What a command makes once in each process, made before the processes of `tests.harness` are forked from this one."""

from __future__ import annotations

import contextlib
import gc
import io
import tempfile
from pathlib import Path

from dialer.cli import main
from tests.harness import Batch

with (
    tempfile.TemporaryDirectory() as folder,
    contextlib.redirect_stdout(io.StringIO()),
    contextlib.redirect_stderr(io.StringIO()),
):
    main(["check", str(Batch.write(Path(folder), people=1, rate="50/second").campaign)])

# Else each fork copies what its first collection looks at, which is everything.
gc.collect()
gc.freeze()
