"""What a new password of a local account has to be like. Pure.

Length and kinds of signs are the tenant's choice. What is guessed first is found by zxcvbn (Wheeler, USENIX Security
2016), which knows 30,000 common passwords, names, keyboard rows, dates and what people make of them (``P@ssw0rd!``);
to it come words that are common here, and the names of the municipality and of the person.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec
from zxcvbn import zxcvbn

from broker.account_settings import LocalAccountSettings
from broker.model.passwords import NewPasswordFault
from broker.model.records import Tenant, User

_LOOKED_AT: Final = 72
"""The search takes longer than in proportion; what comes behind so many signs only adds to the strength."""
_ENOUGH: Final = 3
"""zxcvbn's score for at least 10**8 guesses: out of reach online, and years for each at Argon2id's price."""
_SHORTEST_NAME: Final = 3
_FEWEST_SIGNS: Final = 5
_OWN_SIGNS: Final = 8

_COMMON_HERE: Final = """
sekisho shiyakusho yakusho yakuba kencho shicho soncho chocho shokuin kanri kanrisha kinkyu soumu somu joho jouhou
johoseisaku zeimu shimin juumin jumin fukushi kyouiku gakkou bosai bousai saigai lgwan mynumber kojinbango pasuwado
pasuwaado angou himitsu nippon nihon japan tokyo toukyou osaka kyoto sapporo nagoya fukuoka sakura fujisan fujiyama
samurai ninja doraemon pikachu pokemon gundam totoro hello konnichiwa ohayou arigatou arigato sayonara daisuki
aishiteru ganbare ganbaru hajimemashite yoroshiku sato satou suzuki takahashi tanaka watanabe ito itou yamamoto
nakamura kobayashi kato katou yoshida yamada sasaki yamaguchi matsumoto inoue kimura hayashi taro hanako reiwa
heisei showa shouwa haru natsu aki fuyu ichiban nekochan inuinu neko
"""
"""Romaji that a person of a Japanese municipality thinks of first. Lists of other countries do not have them."""


class PasswordRules(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's rules. ``words`` are guessed first."""

    min_length: int
    min_kinds: int
    words: tuple[str, ...]


def rules_of(tenant: Tenant | None, settings: LocalAccountSettings) -> PasswordRules:
    names = [] if tenant is None else [tenant.name_ja, tenant.name_en, *tenant.hostnames]
    words = [*_COMMON_HERE.split(), *_pieces(names), *_pieces(settings.refused_words)]
    return PasswordRules(
        min_length=settings.min_length, min_kinds=settings.min_kinds, words=tuple(dict.fromkeys(words))
    )


def refuse_new_password(password: str, user: User, rules: PasswordRules) -> NewPasswordFault | None:
    """Why a password is not taken."""
    if len(password) < rules.min_length:
        return NewPasswordFault.TOO_SHORT
    if _count_kinds(password) < rules.min_kinds:
        return NewPasswordFault.TOO_SIMPLE
    plain = _fold(password)
    own = [piece for piece in _pieces([user.login, user.display_name]) if len(piece) >= _SHORTEST_NAME]
    if any(piece in plain for piece in own):
        return NewPasswordFault.CONTAINS_NAME
    if _is_made_of(plain, rules.words):
        return NewPasswordFault.COMMON
    guess = zxcvbn(plain[:_LOOKED_AT], user_inputs=[*rules.words, *own])
    # Folding takes the capitals away, which may only make it look weaker than it is.
    return NewPasswordFault.COMMON if int(guess["score"]) < _ENOUGH or len(set(plain)) < _FEWEST_SIGNS else None


def _is_made_of(plain: str, words: Iterable[str]) -> bool:
    """Whether little is left without the words that are guessed first here."""
    left = plain
    for word in sorted((word for word in words if len(word) >= _SHORTEST_NAME), key=len, reverse=True):
        left = left.replace(word, "")
    return left != plain and len(left) < _OWN_SIGNS


def _count_kinds(password: str) -> int:
    kinds = {
        "small" if sign.islower() else "capital" if sign.isupper() else "digit" if sign.isdigit() else "other"
        for sign in password
    }
    return len(kinds)


def _pieces(texts: Iterable[str]) -> list[str]:
    """Whole names and their parts, as they are compared."""
    found: list[str] = []
    for text in texts:
        folded = _fold(text)
        parts = "".join(sign if sign.isalnum() else " " for sign in folded).split()
        found += [folded, *parts]
    return [piece for piece in found if piece.strip()]


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
