"""How many random examples a property is tried on, and at how many points a fault is planted.

The same sample of examples in every `make test`, all of them, drawn anew, in `make proofs`; which plants a fault or a kill at every third
point, or with DEEDBOOK_STRIDE=1 at every one.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

ALL = bool(os.environ.get("DEEDBOOK_ALL_EXAMPLES"))
STRIDE = int(os.environ.get("DEEDBOOK_STRIDE", "3"))


def examples(count: int, sample: int | None = None, **more: Any) -> settings:
    """Settings without a deadline, for so many examples.

    Args:
        count: The examples of `make proofs`.
        sample: The examples of `make test`; a tenth when None.
        more: Other settings of hypothesis.
    """
    shown = count if ALL else sample or max(count // 10, 5)
    return settings(**{"max_examples": shown, "deadline": None, "derandomize": not ALL, **more})
