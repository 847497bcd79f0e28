"""How the web server writes its log and what it takes of a request: no access log (addresses hold what people look for)."""

from typing import Any

accesslog = None
logconfig_dict: dict[str, Any] = {
    "formatters": {
        "generic": {
            "()": "config.logs.ScrubbedFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        }
    }
}
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
