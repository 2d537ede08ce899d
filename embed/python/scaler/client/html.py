"""How a client shows itself in a notebook."""

from __future__ import annotations

import html
from typing import Any


def client_html(client: Any) -> str:
    """A small table: which scheduler, under which identity, and whether it still is a client."""
    identity = getattr(client, "identity", b"")
    rows = {
        "Scheduler": str(getattr(client, "_address", "?")),
        "Identity": identity.decode("utf-8", "replace") if isinstance(identity, bytes) else str(identity),
        "State": "disconnected" if client._core.ended else "connected",
    }
    cells = "".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in rows.items())
    return f"<table><caption>scaler.Client</caption>{cells}</table>"
