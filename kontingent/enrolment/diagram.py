"""Writes ``docs/domain/movements.md`` from the table of transitions: what may follow what."""

from __future__ import annotations

from kontingent.codelists import queries as codelists
from kontingent.enrolment.codes import OPENING, LearnerState, MovementKind
from kontingent.enrolment.rules import TRANSITIONS

_LEFT = "left"


def render() -> str:
    """Return the page: diagram, table, conventions."""
    lines = [
        "# Движения: что за чем может следовать",
        "",
        "Страница создаётся командой `make docs` из `kontingent/enrolment/rules/log.py`. Основание: 273-ФЗ, ст. 57, 58, 59–62;",
        "приказ Минобрнауки 13.06.2013 № 455. День вступления выбытия в силу – первый день, когда ученик уже не числится.",
        "",
        "```mermaid",
        "stateDiagram-v2",
    ]
    lines += [f"    [*] --> studying: {_title(kind)}" for kind in MovementKind if kind in OPENING]
    for state, moves in TRANSITIONS.items():
        lines += [
            f"    {state.value} --> {target.value if target else '[*]'}: {_title(kind)}"
            for kind, target in moves.items()
            if target is not state
        ]
    lines += ["```", "", f"| движение | {' | '.join(_state(state) for state in LearnerState)} |"]
    lines.append(f"|---|{'---|' * len(LearnerState)}")
    for kind in MovementKind:
        cells = []
        for state in LearnerState:
            if kind not in TRANSITIONS[state]:
                cells.append("–")
            else:
                target = TRANSITIONS[state][kind]
                cells.append(
                    "выбыл" if target is None else "→ " + _state(target) if target is not state else "✓"
                )
        lines.append(f"| {_title(kind)} | {' | '.join(cells)} |")
    lines += [
        "",
        "Зачисление, зачисление в порядке перевода и восстановление открывают новое обучение: в таблице у них прочерки,",
        "потому что внутри начатого обучения они невозможны.",
    ]
    return "\n".join(lines) + "\n"


def _title(kind: MovementKind) -> str:
    return codelists.title("movement_kind", kind.value)


def _state(state: LearnerState) -> str:
    return codelists.title("learner_state", state.value)
