"""``python -m stands.esia``: runs the stand until asked to stop."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType

from stands.esia import citizens, crypto, server
from stands.esia.requests import Registration
from stands.esia.tokens import Mint


def main() -> int:
    """Read the arguments, make keys, serve."""
    parser = argparse.ArgumentParser(prog="stands.esia", description="Стенд ЕСИА: имитация для проверки.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--home", type=Path, required=True, help="where the stand keeps its keys")
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--client-certificate", type=Path, required=True)
    parser.add_argument("--redirect-uri", action="append", required=True)
    parser.add_argument("--logout-uri", action="append", default=[])
    parser.add_argument("--algorithm", choices=sorted(crypto.ALGORITHMS), default="gost")
    parser.add_argument("--citizens", type=Path)
    parser.add_argument("--issuer", default="http://esia.gosuslugi.ru/")
    parser.add_argument("--tolerance", type=int, default=300, help="seconds that clocks may differ")
    parser.add_argument("--refresh-string", choices=["redirect_uri", "refresh_token"], default="redirect_uri")
    a = parser.parse_args()
    kind = a.algorithm
    client = Registration(
        a.client_id, crypto.ClientCertificate(a.client_certificate, kind), frozenset(a.redirect_uri),
        frozenset(a.logout_uri), timedelta(seconds=a.tolerance), a.refresh_string,
    )  # fmt: skip
    other = "rsa" if kind == "gost" else "gost"
    own, foreign = crypto.make(kind, a.home, "token"), crypto.make(kind, a.home, "foreign")
    try:
        another = crypto.make(other, a.home, "other")
    except RuntimeError:  # no gost-engine: the spoilt token is then of an RSA key nobody trusts
        another = foreign
    stand = server.Stand(
        client, citizens.load(a.citizens), Mint(a.client_id, a.issuer, own, foreign, another)
    )
    running = server.StandServer(stand, a.host, a.port)

    def stop(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print(f"Стенд ЕСИА: http://{a.host}:{running.server_address[1]}/", flush=True)
    try:
        running.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        running.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
