"""`deedbook`, and `python -m deedbook`: what makes a start quick is settled before anything else is imported."""

from __future__ import annotations

from typing import NoReturn

from deedbook.cli.starting import start_quickly


def main() -> NoReturn:
    """Runs the command line and ends the process."""
    start_quickly()
    from deedbook.cli.main import main as run_and_end

    run_and_end()


if __name__ == "__main__":
    main()
