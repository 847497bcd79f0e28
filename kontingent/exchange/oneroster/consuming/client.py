"""The conversation with a journal over REST: a token, pages, patience.

Only the configured hosts are asked, at addresses that are resolved once and checked (no private network unless the
administrator named the host), no redirect is followed, no proxy is asked, answers are bounded in size and in time.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

from kontingent.exchange.oneroster.consuming import rules
from kontingent.exchange.oneroster.consuming.rules import Origin
from kontingent.kernel.errors import InvalidValue, KontingentError, Unavailable

TIMEOUT_SECONDS: Final = 30.0
#: One answer may take so long in all, and be so large.
LONGEST_ANSWER: Final = 120.0
LARGEST_ANSWER: Final = 32 * 2**20
#: A journal that never ends is left.
MOST_PAGES: Final = 20_000
_AGAIN = frozenset({429, 500, 502, 503, 504})
Resolve = Callable[[str, int], list[str]]
Json = dict[str, Any]


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    try:
        return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        return []


class Pinned(httpx.BaseTransport):
    """Connects to the addresses that were checked, whatever the name resolves to later."""

    def __init__(self, inner: httpx.BaseTransport, own_hosts: Collection[str], resolve: Resolve) -> None:
        self._inner, self._own_hosts, self._resolve = inner, own_hosts, resolve
        self._checked: dict[Origin, str] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the checked address; the certificate is still that of the name."""
        origin = rules.origin_of(str(request.url))
        if origin not in self._checked:
            self._checked[origin] = self._address_of(origin)
        request.extensions = {**request.extensions, "sni_hostname": origin.host}
        request.url = request.url.copy_with(host=self._checked[origin])
        return self._inner.handle_request(request)

    def _address_of(self, origin: Origin) -> str:
        found = self._resolve(origin.host, origin.port)
        if not found:
            raise Unavailable(
                "oneroster.no_host",
                f"Узел {origin.host} не найден. Проверьте адрес журнала; если он верен, чтение повторится само.",
            )
        for one in found:
            if not rules.may_be_asked(origin, one, self._own_hosts):
                raise InvalidValue(
                    "oneroster.private_host",
                    f"Узел {origin.host} находится во внутренней сети, такие узлы не читаются. Если это журнал вашей сети, администратор "
                    "сервера называет узел в KONTINGENT_JOURNAL_HOSTS.",
                )
        return found[0]

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who we are to the journal."""

    token_address: str
    client_id: str
    secret: str
    scope: str


class Client:
    """One conversation with a journal."""

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        *,
        own_hosts: Collection[str],
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = resolved,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remember whom to ask; nothing is asked yet."""
        self._base, self._credentials, self._sleep = base, credentials, sleep
        inner = transport or httpx.HTTPTransport(verify=ssl.create_default_context(), trust_env=False)
        self._http = httpx.Client(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False,
            transport=Pinned(inner, own_hosts, resolve),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "kontingent-oneroster"},
        )  # fmt: skip
        self._token = ""

    def __enter__(self) -> Client:
        """Use as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def pages(
        self, service: str, collection: str, *, limit: int, query: Mapping[str, str] | None = None
    ) -> Iterator[list[Any]]:
        """Yield a collection page by page, ordered by id: what changes meanwhile can come twice, but none is skipped.

        Raises:
            Unavailable: the journal does not answer. InvalidValue: it refuses, or answers what is no OneRoster.
        """
        asked = {"limit": str(limit), "offset": "0", "sort": "sourcedId", "orderBy": "asc", **(query or {})}
        address: str | None = f"{self._base}{service}/{collection}?{urlencode(asked)}"
        for _ in range(MOST_PAGES):
            found, headers = self._get(address or "", collection)
            rows = found.get(collection)
            if not isinstance(rows, list):
                raise InvalidValue(
                    "oneroster.no_collection",
                    f"Журнал ответил на «{collection}» без списка «{collection}»: это не OneRoster. Проверьте адрес и редакцию.",
                )
            yield rows
            address = rules.next_page(address or "", headers, got=len(rows), limit=limit, base=self._base)
            if address is None:
                return
        raise InvalidValue(
            "oneroster.endless", f"Список «{collection}» длиннее {MOST_PAGES} страниц. Чтение прервано, сообщите оператору журнала."
        )  # fmt: skip

    def one(self, service: str, collection: str, name: str, key: str) -> Any:
        """Return an object by its id, None where there is none."""
        try:
            found, _ = self._get(f"{self._base}{service}/{collection}/{quote(key, safe='')}", collection)
        except _NotThere:
            return None
        return found.get(name)

    # -- one question ------------------------------------------------------------------------------

    def _get(self, address: str, what: str) -> tuple[Json, Mapping[str, str]]:
        for renewed in (False, True):
            self._token = self._token or self._new_token()
            status, headers, content = self._patiently(
                "GET", address, headers={"Authorization": f"Bearer {self._token}"}
            )
            if status != 401 or renewed:
                break
            self._token = ""
        if status == 404:
            raise _NotThere(
                "oneroster.not_there",
                f"У журнала нет «{what}» по этому адресу (404). Проверьте адрес и редакцию (1.1 или 1.2) в настройках источника.",
            )
        if status != 200:
            raise _refused(status, content, what)
        return _object(content, what), headers

    def _new_token(self) -> str:
        said = self._credentials
        form = {"grant_type": "client_credentials", "scope": said.scope}
        status, _, content = self._patiently(
            "POST", said.token_address, data=form, auth=httpx.BasicAuth(said.client_id, said.secret)
        )
        if status != 200:
            raise InvalidValue(
                "oneroster.no_token",
                f"Журнал не выдал токен (HTTP {status}). Проверьте имя клиента, секрет и области доступа у оператора журнала.",
            )
        token = _object(content, "токен").get("access_token")
        if (
            not isinstance(token, str)
            or not 0 < len(token) <= 8192
            or not token.isascii()
            or not token.isprintable()
        ):
            raise InvalidValue("oneroster.no_token", "В ответе журнала нет токена (access_token). Проверьте адрес выдачи токенов.")  # fmt: skip
        return token

    def _patiently(self, method: str, address: str, **how: Any) -> tuple[int, Mapping[str, str], bytes]:
        told = ""
        for attempt in range(1, rules.TRIES + 1):
            retry_after = ""
            try:
                status, headers, content = self._ask(method, address, **how)
            except httpx.HTTPError as failure:
                told = type(failure).__name__
            else:
                if status not in _AGAIN:
                    return status, headers, content
                told, retry_after = f"HTTP {status}", headers.get("retry-after", "")
            if attempt < rules.TRIES:
                self._sleep(rules.wait_before(attempt, retry_after))
        raise Unavailable(
            "oneroster.silent",
            f"Журнал {rules.origin_of(address)} не отвечает ({told}), попыток {rules.TRIES}. Принятое не потеряно, чтение повторится само.",
        )

    def _ask(self, method: str, address: str, **how: Any) -> tuple[int, Mapping[str, str], bytes]:
        until = time.monotonic() + LONGEST_ANSWER
        with self._http.stream(method, address, **how) as answer:
            if answer.is_redirect:
                raise InvalidValue(
                    "oneroster.redirect",
                    "Журнал отправляет по другому адресу (перенаправление); туда ничего не запрошено. Запишите в настройках "
                    "конечный адрес.",
                )
            content = bytearray()
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise httpx.DecodingError("the answer is compressed, unasked")  # could be a bomb
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > LARGEST_ANSWER:
                    raise InvalidValue(
                        "oneroster.answer_too_large",
                        f"Ответ журнала больше {LARGEST_ANSWER >> 20} МБ. Уменьшите размер страницы в настройках источника.",
                    )
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer takes too long")
            return answer.status_code, answer.headers, bytes(content)


class _NotThere(InvalidValue):
    """404."""


def _object(content: bytes, what: str) -> Json:
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidValue(
            "oneroster.no_json", f"Ответ журнала на «{what}» – не объект JSON. Проверьте адрес журнала."
        )
    return found


def _refused(status: int, content: bytes, what: str) -> KontingentError:
    try:
        found = msgspec.json.decode(content)
        said = str(found.get("imsx_description", "")) if isinstance(found, dict) else ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = ""
    said = "".join(sign for sign in said if sign.isprintable())[:200]
    remedy = {
        401: "Журнал не принимает токен. Проверьте имя клиента и секрет.",
        403: "У клиента нет прав на этот список. Попросите оператора журнала дать области roster-core.readonly и gradebook.readonly.",
    }.get(
        status, "Проверьте редакцию и настройки источника; если не поможет, покажите ответ оператору журнала."
    )
    told = f" Ответ журнала: {said}" if said else ""
    return InvalidValue("oneroster.refused", f"Журнал отказал в «{what}» (HTTP {status}). {remedy}{told}")
