"""Credentials of encrypted connections."""

from __future__ import annotations

import dataclasses
from typing import Optional


@dataclasses.dataclass
class SecurityConfig:
    """Paths of a certificate chain and its key, both PEM."""

    tls_cert: Optional[str] = None
    tls_key: Optional[str] = None

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "tls_key" if self.tls_key is None else "tls_cert"
            raise ValueError(f"tls_cert and tls_key go together; {missing} is missing")

    def has_credentials(self) -> bool:
        return self.tls_cert is not None
