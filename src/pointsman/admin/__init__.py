"""The admin room: a JSON API for people who run the gateway, and one page that uses that API and nothing else.

What is shown here is read from the runtime and never worked out again; nothing here decides, counts or forwards.
"""

from __future__ import annotations

from pointsman.admin.routes import admin_routes

__all__ = ["admin_routes"]
