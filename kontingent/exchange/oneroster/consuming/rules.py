"""Where a journal may be asked, which page comes next, how long to wait. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from kontingent.kernel.errors import InvalidValue

USUAL_PORTS: Final = {"https": 443, "http": 80}
#: Tries of one question, the first and the longest wait between them, in seconds.
TRIES: Final = 5
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)
_LINK = re.compile(r'<([^<>]*)>\s*((?:;\s*[a-z*]+\s*=\s*(?:"[^"]*"|[^\s;,"]*)\s*)*)', re.IGNORECASE)
_REL_NEXT = re.compile(r';\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)', re.IGNORECASE)


class Origin(NamedTuple):
    """Whom an address asks."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return it as the beginning of an address."""
        usual = USUAL_PORTS[self.scheme] == self.port
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{'' if usual else f':{self.port}'}"

    @property
    def names(self) -> tuple[str, str]:
        """How a list of hosts may name it: with the port or without."""
        return self.host, f"{self.host}:{self.port}"


def origin_of(address: str) -> Origin:
    """Return whom an address asks.

    Raises:
        InvalidValue: it is no address, holds a name and a password, or is of another kind than http.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _no_address(address) from None
    if parts.scheme not in USUAL_PORTS or parts.username is not None or parts.password is not None:
        raise _no_address(address)
    if not _is_host(host) or any(ord(sign) <= 32 or ord(sign) == 127 for sign in address):
        raise _no_address(address)
    return Origin(parts.scheme, host, port or USUAL_PORTS[parts.scheme])


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return True
    return bool(_HOST.fullmatch(host))


def _no_address(address: str) -> InvalidValue:
    return InvalidValue(
        "oneroster.address",
        f"«{address[:80]}» – не адрес журнала. Запишите его как https://журнал.example, без имени и пароля внутри.",
    )


def read_base(address: str, own_hosts: Collection[str]) -> str:
    """Return the address below which a journal is asked: https, or a host of one's own network that the administrator named."""
    origin = origin_of(address)
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        raise _no_address(address)
    if origin.scheme != "https" and not set(origin.names) & set(own_hosts):
        raise InvalidValue(
            "oneroster.not_https",
            f"Журнал {origin} открыт без шифрования. Укажите адрес https; для узла своей сети администратор сервера "
            "называет его в KONTINGENT_JOURNAL_HOSTS.",
        )
    return f"{origin}{parts.path.rstrip('/')}"


def may_be_asked(origin: Origin, found: str, own_hosts: Collection[str]) -> bool:
    """Say whether what a name resolved to may be connected to: a public address, or the administrator named the host."""
    try:
        address = ipaddress.ip_address(found.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    never = address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved
    if never and not address.is_loopback:
        return False
    return address.is_global or bool(set(origin.names) & set(own_hosts))


def read_secret(text: str, origins: Collection[Origin]) -> str:
    """Return the secret of a file: «origin … secret». It goes to nobody whom the file does not name.

    So whoever may name a secret cannot have it sent to a host of their own.
    """
    words = text.split()
    if len(words) < 2:
        raise InvalidValue(
            "oneroster.secret_origin",
            "В файле секрета не сказано, кому он предназначен. Администратор сервера записывает в него адрес журнала и, через пробел, "
            "секрет: «https://журнал.example секрет». Адресов может быть несколько.",
        )
    meant = {origin_of(one) for one in words[:-1]}
    for one in origins:
        if one not in meant:
            raise InvalidValue(
                "oneroster.secret_origin",
                f"Этот секрет не предназначен для {one}. Проверьте адреса в настройках; адрес, которому секрет можно передать, "
                "администратор сервера записывает в файл секрета перед ним.",
            )
    return words[-1]


# -- pages -----------------------------------------------------------------------------------------


def next_page(address: str, headers: Mapping[str, str], *, got: int, limit: int, base: str) -> str | None:
    """Return the page after one: by ``Link``, else by the count in ``X-Total-Count``, else as long as pages are full.

    Raises:
        InvalidValue: the journal names a page that is elsewhere, or the same again.
    """
    link = headers.get("link", "")
    if link:
        told = next((found[1] for found in _LINK.finditer(link) if _REL_NEXT.search(found[2])), None)
        return _followed(address, told, base) if told is not None else None
    offset = _whole(dict(parse_qsl(urlsplit(address).query)).get("offset", "")) or 0
    total = _whole(headers.get("x-total-count", ""))
    if not got or (offset + got >= total if total is not None else got < limit):
        return None
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query)) | {"offset": str(offset + got)}
    return urlunsplit(parts._replace(query=urlencode(query)))


def _followed(address: str, told: str, base: str) -> str:
    target = urljoin(address, told)
    meant = origin_of(base)
    same = origin_of(target)
    if same != meant or urlsplit(target).path != urlsplit(address).path:
        raise InvalidValue(
            "oneroster.page_elsewhere",
            f"Журнал назвал следующей страницей чужой адрес ({same}). По нему ничего не запрошено. Сообщите оператору журнала: "
            "Link должен вести на тот же список.",
        )
    if target == address:
        raise InvalidValue(
            "oneroster.page_again",
            "Журнал назвал следующей ту же страницу. Чтение прервано, сообщите оператору журнала.",
        )
    return target


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def wait_before(attempt: int, retry_after: str) -> float:
    """Return how long to wait before the next try, in seconds: as the journal says, within reason, else ever longer."""
    said = _whole(retry_after.strip())
    return min(float(said) if said is not None else FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
