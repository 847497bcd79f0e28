"""What may be allowed in this room. A family needs no permission for its own child."""

from enum import StrEnum


class CertificatePermission(StrEnum):
    """``VIEW`` the register of one's organisation; ``ISSUE`` certificates and revoke them."""

    VIEW = "certificate.view"
    ISSUE = "certificate.issue"
