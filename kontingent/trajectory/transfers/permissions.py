"""What may be allowed in this room."""

from enum import StrEnum


class TransferPermission(StrEnum):
    """``VIEW`` shows transfers, ``REGISTER`` enters an application, ``APPROVE`` decides to enrol and answers for the former school, ``DECIDE`` is the municipality's."""

    VIEW = "transfers.view"
    REGISTER = "transfers.register"
    APPROVE = "transfers.approve"
    DECIDE = "transfers.decide"
