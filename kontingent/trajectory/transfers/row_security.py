"""Both organisations see a transfer, the former one from its approval on, and so does whoever watches over either of them; a family sees its own."""

from kontingent.storage.row_security import Rule, holds, in_scope, not_personal, of_organisation, part_of
from kontingent.trajectory.transfers.permissions import TransferPermission

#: The former organisation is told when the receiver has decided to enrol, not before.
_EITHER = f"({in_scope('{t}.former_id')} AND {{t}}.approved_at IS NOT NULL OR {in_scope('{t}.receiver_id')})"
_TRANSFER = Rule(
    model="transfers.Transfer", about="кто, откуда и куда переходит",
    reads=f"{holds(TransferPermission.VIEW.value)} AND {_EITHER} OR {{t}}.person_id = ANY((SELECT scope.family())::uuid[])",
    writes=f"{holds(TransferPermission.VIEW.value)} AND {_EITHER}",
)  # fmt: skip
RULES = (
    _TRANSFER,
    part_of("transfers.TransferStep", "ход перевода", whole=_TRANSFER, column="transfer_id"),
    not_personal(
        "transfers.Succession",
        "какая организация передала обучающихся правопреемнику: номера приказов и число",
    ),
    of_organisation("transfers.ConfirmedDeparture", "выбывшие из региона, о прибытии которых известно"),
)
