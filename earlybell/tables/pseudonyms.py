"""Pseudonyms: a keyed hash of a learner's id. Only who holds the key, Moodle and extraction, can make the same one.

`pseudonyms.json` beside this file holds test vectors that every client shares, in whatever language it is written.
"""

import hmac
import os
from collections.abc import Mapping

from earlybell.counts import counted
from earlybell.errors import SettingError

KEY_VARIABLE = "EARLYBELL_PSEUDONYM_KEY"
SHORTEST_KEY = 16
LENGTH = 32
FINGERPRINTED = "earlybell: fingerprint of the key for pseudonyms"
FINGERPRINT_LENGTH = 16

_WAY_OUT = (
    f"Set {KEY_VARIABLE} to a secret of {SHORTEST_KEY} characters or more, the same for every extraction, and keep it: "
    'python -c "import secrets; print(secrets.token_hex(32))" makes one.'
)


def pseudonym(key: str, learner_id: str) -> str:
    """The first 32 characters of the lower-case hexadecimal HMAC-SHA256 of the id under the key, both as UTF-8.

    The id is taken as it is: no trimming, no change of case, no Unicode normalisation.
    """
    return hmac.digest(key.encode(), learner_id.encode(), "sha256").hex()[:LENGTH]


def fingerprint(key: str) -> str:
    """The first 16 characters of the pseudonym of FINGERPRINTED: it tells keys apart, and shows none.

    Whoever could guess a key by it could guess it by the pseudonym of a known id as well.
    """
    return hmac.digest(key.encode(), FINGERPRINTED.encode(), "sha256").hex()[:FINGERPRINT_LENGTH]


def check_same_key(fingerprints: Mapping[str, str | None]) -> None:
    """
    Args:
        fingerprints: of keys, by what each is the key of; None is not known, and no reason to refuse.

    Raises:
        SettingError: there are two. The pseudonyms of one learner would be those of two.
    """
    digests = {name: digest for name, digest in fingerprints.items() if digest}
    if len({*digests.values()}) > 1:
        value = ", ".join(f"{name} has {digest}" for name, digest in digests.items())
        way_out = f"Set {KEY_VARIABLE} to the key of those tables, or extract every source anew with one key."
        raise SettingError("keys for pseudonyms differ, by their fingerprints", value, way_out)


def key_from_environment() -> str | None:
    """The key in EARLYBELL_PSEUDONYM_KEY, if it is set; whoever needs one asks `usable_key` of it."""
    return os.environ.get(KEY_VARIABLE)


def usable_key(key: str | None) -> str:
    """The key itself, if there is one and it is long enough; an error never shows it.

    Raises:
        SettingError: there is no key, or it is too short.
    """
    if not key:
        raise SettingError("key for pseudonyms is missing", KEY_VARIABLE, _WAY_OUT)
    if len(key) < SHORTEST_KEY:
        raise SettingError("key for pseudonyms is too short", counted(len(key), "character"), _WAY_OUT)
    return key
