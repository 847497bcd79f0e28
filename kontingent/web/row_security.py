"""Tables of the libraries: browser sessions (an id of a sign-in under a secret key) and jobs (ids of what to work on)."""

from kontingent.storage.row_security import ALL, Rule, not_personal

RULES: tuple[Rule, ...] = (
    not_personal("sessions.Session", "сеанс браузера: номер входа под случайным ключом", door=ALL),
    *(
        not_personal(f"procrastinate.{model}", "фоновые задания: номера, не люди", door=ALL)
        for model in (
            "ProcrastinateJob",
            "ProcrastinateWorker",
            "ProcrastinateEvent",
            "ProcrastinatePeriodicDefer",
        )
    ),
)
