"""Signatures: minisign (Ed25519) over `SHA256SUMS`, and bare ones by the same key.

    NAME.key, NAME.pub      a pair as `minisign -G` writes it; the secret half is scrambled by a password unless that is empty
    SHA256SUMS.minisig      four lines as `minisign -S` writes them; `minisign -Vm SHA256SUMS -p NAME.pub` proves them

The secret key comes from the environment and goes nowhere else: `DEEDBOOK_SIGNING_KEY` is its text, or
`DEEDBOOK_SIGNING_KEY_FILE` its file; `DEEDBOOK_SIGNING_KEY_PASSWORD` unlocks it. Ed25519 has no randomness and the trusted
comment has the epoch for a time, so that the same release is signed with the same bytes.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deedbook.errors import RefusalError, UsageError
from deedbook.integrity.digests import SIGNATURE, SUMS

if TYPE_CHECKING:
    from minisign import SecretKey

KEY_VARIABLE = "DEEDBOOK_SIGNING_KEY"
KEY_FILE_VARIABLE = "DEEDBOOK_SIGNING_KEY_FILE"
PASSWORD_VARIABLE = "DEEDBOOK_SIGNING_KEY_PASSWORD"  # noqa: S105  # the name of a variable
_ED25519, _PUBLIC_BYTES = b"Ed", 42
"""What every public key of minisign begins with, and how long it is: that, its number and the key of Ed25519."""
_ID = slice(2, 10)
_BODY = slice(10, None)
_HINT = (
    f"set {KEY_VARIABLE} or {KEY_FILE_VARIABLE} to a minisign secret key, or unset both to build without a signature"
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A minisign public key: its number, its base64 text and the 32 bytes of the Ed25519 key."""

    id: str
    text: str
    raw: bytes = field(repr=False)

    def proves(self, message: bytes, signature: bytes) -> bool:
        """Whether a bare Ed25519 signature of the message is right."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An unlocked secret key and its public half; nobody else sees the secret."""

    public: PublicKey
    _secret: SecretKey = field(repr=False)

    def sign_raw(self, message: bytes) -> bytes:
        """The bare 64-byte Ed25519 signature of a message."""
        signature = bytes(self._secret.sign(message, prehash=False, trusted_comment=""))
        return base64.b64decode(signature.splitlines()[1])[_BODY]


def own_key(folder: Path) -> PublicKey | None:
    """The public half of the configured key, to prove a release with; None when another one signed it, as the catalogue may allow."""
    file, secret = folder / SIGNATURE, configured_key()
    if secret is None or (file.is_file() and read_signature(file.read_bytes()).key_id != secret.public.id):
        return None
    return secret.public


def configured_key(environment: Mapping[str, str] = os.environ) -> SigningKey | None:
    """The secret key that the environment names; None when it names none.

    Raises:
        UsageError: when it is named and cannot be used; nothing is then built unsigned by mistake.
    """
    text, file = environment.get(KEY_VARIABLE), environment.get(KEY_FILE_VARIABLE)
    if bool(text) == bool(file):
        if text:
            raise UsageError(f"{KEY_VARIABLE} and {KEY_FILE_VARIABLE} are both set", "unset one of them")
        return None
    import minisign

    try:
        content = text.encode().strip() if text else Path(str(file)).read_bytes().strip()
        read = minisign.SecretKey.from_bytes if b"\n" in content else minisign.SecretKey.from_base64
        secret = read(content)
        if secret.is_encrypted():
            if not environment.get(PASSWORD_VARIABLE):
                raise UsageError("the signing key is locked by a password", f"set {PASSWORD_VARIABLE}")
            secret.decrypt(environment[PASSWORD_VARIABLE])
        return SigningKey(_public(secret.get_public_key().to_base64()), secret)
    except OSError as error:
        raise UsageError(f"{KEY_FILE_VARIABLE}: {file} cannot be read: {error.strerror}", _HINT) from None
    except minisign.Error as error:
        raise UsageError(f"the signing key cannot be used: {error}", _HINT) from None


def public_key(source: str) -> PublicKey:
    """The public key in a `.pub` file, or in its base64 text itself.

    Raises:
        UsageError: when it is neither.
    """
    try:
        content = Path(source).read_bytes() if Path(source).is_file() else source.encode()
        return _public(content.strip().splitlines()[-1])
    except (OSError, IndexError, ValueError):
        message = f"{source!r} is neither a minisign public key nor the file of one"
        raise UsageError(message, "name the .pub file that the publisher gives, or its second line") from None


def _public(text: bytes) -> PublicKey:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != _PUBLIC_BYTES or not raw.startswith(_ED25519):
        raise ValueError("it is no public key of minisign")
    return PublicKey(_key_id(raw), text.decode("ascii"), raw[_BODY])


def _key_id(raw: bytes) -> str:
    """The key number as minisign prints it: a little-endian 64-bit number in hexadecimal."""
    return f"{int.from_bytes(raw[_ID], 'little'):016X}"


def sign_sums(key: SigningKey, sums: bytes, comment: str) -> bytes:
    """The content of `SHA256SUMS.minisig`.

    Args:
        key: The secret key.
        sums: The content of `SHA256SUMS`.
        comment: The trusted comment, which is signed too.
    """
    return bytes(key._secret.sign(sums, trusted_comment=comment)) + b"\n"


def trusted_comment(manifest: Mapping[str, object]) -> str:
    """What the signature says about the release of that `release.json`: minisign's own form, with the epoch for the time."""
    release = f"{manifest.get('name')} {manifest.get('version')}"
    return f"timestamp:{manifest.get('epoch') or 0}\tfile:{SUMS}\thashed\trelease:{release}"


@dataclass(frozen=True, slots=True)
class SumsSignature:
    """A `SHA256SUMS.minisig` that was read; `problem` is empty when its form is right."""

    key_id: str = ""
    comment: str = ""
    problem: str = ""


def read_signature(content: bytes) -> SumsSignature:
    """Which key a signature claims and what it says, as yet unproven.

    The form is held to the byte, so that nothing in the file can be changed unseen: not even the untrusted comment.
    """
    import minisign

    try:
        signature = minisign.Signature.from_bytes(content)
    except (minisign.Error, ValueError) as error:
        return SumsSignature(problem=f"is no minisign signature: {error}")
    raw = base64.b64decode(content.splitlines()[1])
    signature.untrusted_comment = "signature from minisign secret key"
    problem = "" if bytes(signature) + b"\n" == content else "is not written as minisign writes a signature"
    return SumsSignature(_key_id(raw), signature.trusted_comment, problem)


def is_signed_by(key: PublicKey, content: bytes, signature: bytes) -> bool:
    """Whether a minisign signature of the content is right, its trusted comment included."""
    import minisign

    try:
        minisign.PublicKey.from_base64(key.text).verify(content, minisign.Signature.from_bytes(signature))
    except (minisign.Error, ValueError):
        return False
    return True


def prove_signature(content: bytes, signature: bytes, keys: Iterable[PublicKey]) -> PublicKey:
    """The one of these keys that signed the content.

    Raises:
        ValueError: when none did; the message is the end of a sentence about the signature.
    """
    read = read_signature(signature)
    if read.problem:
        raise ValueError(read.problem)
    by_id = {key.id: key for key in keys}
    if read.key_id not in by_id:
        raise ValueError(f"is of key {read.key_id}, not of {' or '.join(by_id)}")
    if not is_signed_by(by_id[read.key_id], content, signature):
        raise ValueError(f"is not what key {read.key_id} signed")
    return by_id[read.key_id]


def generate_pair(secret: Path, public: Path, password: str) -> PublicKey:
    """Writes a new pair, the secret half readable by its owner only.

    Args:
        secret: A file that does not exist yet.
        public: Another one.
        password: Scrambles the secret key; empty leaves it in the clear, for a store of secrets that guards it.

    Raises:
        RefusalError: when one of the files exists; a key is never overwritten.
        UsageError: when they cannot be written.
    """
    import minisign

    pair = minisign.KeyPair.generate()
    found = _public(pair.public_key.to_base64())
    pair.public_key.untrusted_comment = f"minisign public key {found.id}"
    if password:
        pair.secret_key.encrypt(password)
    written: list[Path] = []
    try:
        for file, content, mode in ((secret, bytes(pair.secret_key), 0o600), (public, bytes(pair.public_key), 0o644)):
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
                written.append(file)
                stream.write(content + b"\n")
    except OSError as error:
        for file in written:
            file.unlink()
        name = error.filename or written[-1]
        if not isinstance(error, FileExistsError):
            raise UsageError(f"{name}: cannot be written: {error.strerror}", "name a folder that exists") from None
        hint = "a key is never overwritten; choose another name with --output"
        raise RefusalError(f"{name} exists already", hint) from None
    return found
