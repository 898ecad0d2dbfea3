"""How many random examples a property is tried on: the same sample in every `make test`, all of them, drawn anew, in `make proofs`."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

ALL = bool(os.environ.get("DEEDBOOK_ALL_EXAMPLES"))


def examples(count: int, sample: int | None = None, **more: Any) -> settings:
    """Settings without a deadline, for so many examples.

    Args:
        count: The examples of `make proofs`.
        sample: The examples of `make test`; a tenth when None.
        more: Other settings of hypothesis.
    """
    shown = count if ALL else sample or max(count // 10, 5)
    return settings(**{"max_examples": shown, "deadline": None, "derandomize": not ALL, **more})
