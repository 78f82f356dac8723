"""Whether a page's live connection is away, as Reflex's client counts. Read in Reflex 0.10.1."""

import reflex as rx
from reflex_components_core.core.banner import has_too_many_connection_errors

is_connection_away: rx.Var[bool] = has_too_many_connection_errors
