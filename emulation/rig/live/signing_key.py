"""The key by which the connector signs what it hands over, as Discord does with a key of its own.

It is kept with the caches of the checkout: the functions have its public half in their environment,
and with another one a snapshot of the stack could not be restored.
"""

from pathlib import Path

from nacl.signing import SigningKey


def kept(cache: Path) -> Path:
    """The file with the Ed25519 seed in hex, made by the first call; it is its owner's alone."""
    path = cache / "live" / "signing-key"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(bytes(SigningKey.generate()).hex())
        draft.replace(path)
    return path
