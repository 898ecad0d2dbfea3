"""`deedbook keygen`: makes the pair of keys that signs releases and proves them."""

import os
from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.integrity import signatures

_PATH = click.Path(path_type=Path)
_OUTPUT = "Write NAME.key, the secret half, and NAME.pub."
_CLEAR = "Leave the secret key in the clear, for a store of secrets that guards it."


@click.command()
@click.option("-o", "--output", "base", type=_PATH, default="deedbook", show_default=True, metavar="NAME", help=_OUTPUT)
@click.option("--no-password", is_flag=True, help=_CLEAR)
@options.quiet
@options.debug
def keygen(base: Path, no_password: bool, quiet: bool) -> None:
    """Make a minisign key pair: NAME.key signs releases and stays secret, NAME.pub proves them and is published.

    The password comes from DEEDBOOK_SIGNING_KEY_PASSWORD, else it is asked for. A file that exists is never overwritten:
    exit code 4.
    """
    password = "" if no_password else os.environ.get(signatures.PASSWORD_VARIABLE, "")
    if not password and not no_password:
        password = click.prompt("Password of the new key", hide_input=True, confirmation_prompt=True, err=True)
    secret, public = (base.with_name(f"{base.name}{suffix}") for suffix in (".key", ".pub"))
    key = signatures.generate_pair(secret, public, password)
    streams.emit(f"{key.text}\n")
    if not quiet:
        kept = f"{secret} (keep it secret: {signatures.KEY_FILE_VARIABLE} names it)"
        streams.say(f"wrote {kept} and {public} (publish it), key {key.id}")
