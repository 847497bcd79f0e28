"""The addresses of the stand, its pages, and what it remembers: codes, tokens, used states."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from stands.esia import requests
from stands.esia.citizens import Citizen
from stands.esia.crypto import ALGORITHMS
from stands.esia.requests import Authorised, Refusal, Registration
from stands.esia.tokens import MUTATIONS, Mint

LARGEST_BODY = 64 * 1024
CODE_SECONDS = 150


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code or a refresh token stands for."""

    citizen: Citizen
    request: Authorised
    spoil: str
    until: float


class Stand:
    """The memory of one running stand; every method is called under its lock."""

    def __init__(self, client: Registration, citizens: dict[str, Citizen], mint: Mint) -> None:
        """Begin with nothing remembered."""
        self.client, self.citizens, self.mint = client, citizens, mint
        self.lock = threading.Lock()
        self.waiting: dict[str, Authorised] = {}
        self.codes: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}
        self.sessions: dict[str, Grant] = {}
        self.states: set[str] = set()

    def arrive(self, fields: dict[str, str], *, legacy: bool) -> str:
        """Check an authorisation request; return the id under which it waits for a choice."""
        request = requests.authorisation(self.client, fields, datetime.now(UTC), legacy=legacy)
        if request.state in self.states:
            raise Refusal("007003", "state was used before")
        self.states.add(request.state)
        waiting = secrets.token_urlsafe(16)
        self.waiting[waiting] = request
        return waiting

    def choose(self, waiting: str, code: str, spoil: str) -> str:
        """Return where to send the browser after a citizen has been chosen."""
        request, citizen = self.waiting.pop(waiting, None), self.citizens.get(code)
        if request is None or citizen is None or spoil not in MUTATIONS:
            raise Refusal("007003", "the choice is stale: begin again")
        state = secrets.token_hex(16) if spoil == "callback_state" else request.state
        if citizen.declines:
            refusal = {
                "error": "access_denied",
                "error_description": "ESIA-007004: the user declined",
                "state": state,
            }
            return f"{request.redirect_uri}?{urlencode(refusal, quote_via=quote)}"
        made = f"{secrets.token_urlsafe(300)}.{secrets.token_urlsafe(600)}.{secrets.token_urlsafe(60)}"
        self.codes[made] = Grant(citizen, request, spoil, time.time() + CODE_SECONDS)
        return f"{request.redirect_uri}?{urlencode({'code': made, 'state': state})}"

    def trade(self, fields: dict[str, str], *, legacy: bool) -> tuple[int, dict[str, Any] | str]:
        """Answer a token request."""
        requests.known_client(self.client, fields)
        requests.required(
            fields, "grant_type", "client_secret", "state", "redirect_uri", "scope", "timestamp", "token_type"
        )
        renewing = fields["grant_type"] == "refresh_token"
        if not renewing and fields["grant_type"] != "authorization_code":
            raise Refusal("007009", "grant_type")
        name = "refresh_token" if renewing else "code"
        requests.required(fields, name)
        by_token = renewing and self.client.refresh_string == "refresh_token"
        tail = fields[name] if by_token or not renewing else ""
        requests.prove(self.client, fields, datetime.now(UTC), legacy=legacy, tail=tail)
        grant = (self.refresh if renewing else self.codes).pop(fields[name], None)
        if grant is None or grant.until < time.time() or fields["redirect_uri"] != grant.request.redirect_uri:
            raise Refusal("007011", f"{name} is unknown, used or too old")
        if not renewing and not requests.proved_challenge(
            grant.request.challenge, fields.get("code_verifier", "")
        ):
            raise Refusal("007040", "code_verifier")
        if grant.spoil == "html_error":
            return 500, "<html><body><h1>Внутренняя ошибка сервера</h1></body></html>"
        if grant.spoil == "overloaded":
            raise Refusal("007008", "the service is overloaded")
        access, identity = self.mint.issue(grant.citizen, grant.request.scopes, int(time.time()), grant.spoil)
        self.sessions[access] = grant
        answer: dict[str, Any] = {
            "access_token": access, "id_token": identity, "token_type": "Bearer", "expires_in": 3600,
            "state": secrets.token_hex(16) if grant.spoil == "token_state" else fields["state"],
        }  # fmt: skip
        if grant.request.offline:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self.refresh[answer["refresh_token"]] = Grant(
                grant.citizen, grant.request, "", time.time() + 86400
            )
        return 200, answer

    def data(self, token: str, oid: str, what: str, host: str, *, embed: bool) -> dict[str, Any]:
        """Answer a REST request with what the scopes of the token grant."""
        grant = self.sessions.get(token)
        if grant is None or grant.citizen.oid != oid:
            raise Refusal("007019", "no permission")
        scopes = set(grant.request.scopes)
        if not what:
            return grant.citizen.person(scopes)
        granted = {"kids": "kid_fullname", "roles": "usr_org"}.get(what)
        if granted is None or granted not in scopes:
            raise Refusal("007019", "no permission")
        everything = list(grant.citizen.kids if what == "kids" else grant.citizen.roles)
        elements: list[Any] = everything
        if what == "kids" and grant.spoil == "foreign_elements":
            elements = ["http://169.254.169.254/latest/meta-data/"]
        elif not embed:
            elements = [f"{host}/rs/prns/{oid}/{what}/{number}" for number in range(len(everything))]
        return {"stateFacts": ["hasSize"], "size": len(elements), "elements": elements}

    def element(self, token: str, oid: str, what: str, number: int) -> dict[str, Any]:
        """Answer for one element of a collection."""
        everything = self.data(token, oid, what, "", embed=True)["elements"]
        if number >= len(everything):
            raise Refusal("007019", "no such element")
        found: dict[str, Any] = everything[number]
        return found


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#111}main{max-width:44rem;margin:auto;padding:1rem}"
    ".mark{background:#7a1f00;color:#fff;padding:.6rem 1rem;font-weight:600}button{font:inherit;display:block;width:100%;"
    "text-align:left;padding:.7rem 1rem;margin:.4rem 0;border:1px solid #555;border-radius:6px;background:#fff;cursor:pointer}"
    "button:focus,button:hover{outline:3px solid #0b5fa5}small{color:#444}select{font:inherit;max-width:100%}"
)


def page(title: str, body: str) -> str:
    """Return a whole page; ``body`` is HTML already."""
    return (
        f"<!doctype html><html lang=ru><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)} – стенд ЕСИА</title><style>{_STYLE}</style></head><body>"
        "<div class=mark role=note>Это стенд: имитация ЕСИА для проверки, не государственная система.</div>"
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def chooser(stand: Stand, waiting: str) -> str:
    """Return the page on which one chooses who to be."""
    people = "".join(
        f"<button name=citizen value='{escape(one.code)}'><strong>{escape(one.title)}</strong><br>"
        f"{escape(one.full_name)}{f' <small>{escape(one.note)}</small>' if one.note else ''}</button>"
        for one in stand.citizens.values()
    )
    options = "".join(f"<option value='{code}'>{escape(title)}</option>" for code, title in MUTATIONS.items())
    return page(
        "Кем войти",
        "<p>Выберите вымышленного гражданина. Запрос проверен: мнемоника, подпись, сертификат, время, адрес возврата. "
        f"Подписи: {ALGORITHMS[stand.mint.own.kind]}.</p>"
        f"<form method=post action='/aas/ac/choose'><input type=hidden name=request value='{escape(waiting)}'>{people}"
        f"<details><summary>Испортить ответ</summary><p><label for=m>Что испортить</label> "
        f"<select id=m name=mutation>{options}</select></p></details></form>",
    )


class StandServer(ThreadingHTTPServer):
    """The server of one stand."""

    daemon_threads = True

    def __init__(self, stand: Stand, host: str, port: int) -> None:
        """Bind; ``serve_forever`` runs it."""
        self.stand = stand
        super().__init__((host, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: StandServer
    server_version, sys_version = "EsiaStand", ""

    def do_GET(self) -> None:
        self._answer("GET", {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            return self._send(413, page("Слишком много", ""))
        body = self.rfile.read(length).decode("utf-8", "replace")
        return self._answer("POST", dict(parse_qsl(body, keep_blank_values=True)))

    def _answer(self, method: str, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            with self.server.stand.lock:
                self._route(method, parts.path, query, form)
        except Refusal as refusal:
            if parts.path.startswith(("/aas/oauth2/te", "/aas/oauth2/v3/te", "/rs/")):
                status = 403 if parts.path.startswith("/rs/") else 400
                self._send(
                    status,
                    {
                        "error": "invalid_request",
                        "error_description": str(refusal),
                        "state": form.get("state"),
                    },
                )
            else:
                self._send(400, page("Запрос не принят", f"<p>{escape(str(refusal))}</p>"))

    def _route(self, method: str, path: str, query: dict[str, str], form: dict[str, str]) -> None:
        match method, path:
            case "GET", "/aas/oauth2/v2/ac" | "/aas/oauth2/ac":
                waiting = self.server.stand.arrive(query, legacy="v2" not in path)
                self._send(200, chooser(self.server.stand, waiting))
            case "POST", "/aas/ac/choose":
                self._redirect(
                    self.server.stand.choose(
                        form.get("request", ""), form.get("citizen", ""), form.get("mutation", "")
                    )
                )
            case "POST", "/aas/oauth2/v3/te" | "/aas/oauth2/te":
                self._send(*self.server.stand.trade(form, legacy="v3" not in path))
            case "GET", "/idp/ext/Logout":
                requests.known_client(self.server.stand.client, query)
                if query.get("redirect_url") not in self.server.stand.client.logout_uris:
                    raise Refusal("007023", "redirect_url is not registered")
                self._redirect(query["redirect_url"])
            case "GET", "/public/token.pem":
                self._send(200, self.server.stand.mint.own.certificate.read_text())
            case "GET", "/":
                self._send(
                    200,
                    page("Стенд ЕСИА", "<p>Сюда приходят из системы «Контингент» по кнопке входа.</p>"),
                )
            case "GET", rest if rest.startswith("/rs/prns/"):
                self._rest(rest.removeprefix("/rs/prns/").split("/"), query)
            case _:
                self._send(404, page("Нет такой страницы", ""))

    def _rest(self, way: list[str], query: dict[str, str]) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        host = f"http://{self.headers.get('Host')}"
        if len(way) == 3 and way[2].isdigit():
            self._send(200, self.server.stand.element(token, way[0], way[1], int(way[2])))
        else:
            what = way[1] if len(way) > 1 else ""
            self._send(200, self.server.stand.data(token, way[0], what, host, embed="embed" in query))

    def _redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, content: dict[str, Any] | str) -> None:
        is_json = isinstance(content, dict)
        data = (json.dumps(content, ensure_ascii=False) if is_json else str(content)).encode()
        self.send_response(status)
        kind = "application/json" if is_json else "text/html"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        """Keep codes and signatures out of the log: only method, path and status."""
        print(f"{self.command} {urlsplit(self.path).path} {args[1] if len(args) > 1 else ''}", flush=True)
