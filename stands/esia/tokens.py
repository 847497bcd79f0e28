"""Tokens as ЕСИА issues them (protocols §1.6), and every way to spoil them on demand."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from stands.esia.citizens import Citizen
from stands.esia.crypto import ALGORITHMS, KeyPair, encode

#: What may be spoilt: code → what the page says.
MUTATIONS = {
    "": "ничего, всё правильно",
    "expired": "токены просрочены",
    "not_yet": "токены из будущего",
    "issuer": "другой издатель",
    "audience": "id-токен для другой системы",
    "client": "access-токен для другой системы",
    "alg_none": "алгоритм none, без подписи",
    "foreign_key": "подпись чужим ключом",
    "other_algorithm": "другой алгоритм подписи",
    "subject": "токены о разных людях",
    "tampered": "содержимое изменено после подписи",
    "kind": "access-токен на месте id-токена",
    "callback_state": "чужой state при возврате",
    "token_state": "чужой state в ответе с токенами",
    "html_error": "вместо токенов страница ошибки",
    "overloaded": "ЕСИА перегружена (007008)",
    "foreign_elements": "ссылки на чужой узел в ответе о детях",
}


class Mint:
    """Issues the pair of tokens for a citizen."""

    def __init__(self, client_id: str, issuer: str, own: KeyPair, foreign: KeyPair, other: KeyPair) -> None:
        """Take the stand's own key, one that nobody trusts and one of the other algorithm."""
        self.client_id, self.issuer = client_id, issuer
        self.own, self.foreign, self.other = own, foreign, other

    def issue(self, citizen: Citizen, scopes: frozenset[str], now: int, spoil: str) -> tuple[str, str]:
        """Return the access and the id token."""
        sid = str(uuid4())
        shift = 2 * 3600 if spoil == "not_yet" else 0
        life = -1 if spoil == "expired" else 1
        common: dict[str, Any] = {
            "iss": "http://evil.example/" if spoil == "issuer" else self.issuer,
            "iat": now + shift,
            "nbf": now + shift,
            "urn:esia:sid": sid,
        }
        access = common | {
            "exp": now + shift + life * 3600,
            "client_id": "SOMEBODY_ELSE" if spoil == "client" else self.client_id,
            "scope": " ".join(s if s == "openid" else f"{s}?oid={citizen.oid}" for s in sorted(scopes)),
            "urn:esia:sbj_id": int(citizen.oid),
        }
        oid = "999999999" if spoil == "subject" else citizen.oid
        subject = {
            "urn:esia:sbj:typ": "P", "urn:esia:sbj:oid": int(oid), "urn:esia:sbj:nam": f"OID.{oid}",
            "urn:esia:sbj:lvl": citizen.level,
        }  # fmt: skip
        if citizen.trusted:
            subject["urn:esia:sbj:is_tru"] = True
        identity = common | {
            "exp": now + shift + life * 3 * 3600,
            "aud": "SOMEBODY_ELSE" if spoil == "audience" else self.client_id,
            "sub": oid,
            "auth_time": now + shift,
            "amr": "PWD",
            "urn:esia:sbj": subject,
        }
        access_token = self._sign("access", access, spoil)
        return access_token, access_token if spoil == "kind" else self._sign("id", identity, spoil)

    def _sign(self, kind: str, claims: dict[str, Any], spoil: str) -> str:
        key = {"foreign_key": self.foreign, "other_algorithm": self.other}.get(spoil, self.own)
        algorithm = "none" if spoil == "alg_none" else ALGORITHMS[key.kind]
        header = {"typ": "JWT", "alg": algorithm, "ver": 1, "sbt": kind}
        body = f"{_part(header)}.{_part(claims)}"
        signature = b"" if spoil == "alg_none" else key.sign(body.encode())
        if spoil == "tampered":
            body = f"{_part(header)}.{_part(claims | {'exp': claims['exp'] + 60})}"
        return f"{body}.{encode(signature)}"


def _part(value: dict[str, Any]) -> str:
    return encode(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
