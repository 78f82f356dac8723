"""A real web process for tests: the product as it is composed, and states that only tests have."""

import importlib
import sys

from granian.constants import Interfaces
from granian.server import Server
from reflex_base.constants import Env
from reflex_base.environment import environment
from starlette.types import ASGIApp

from funmagic.core.settings import Settings
from funmagic.core.telemetry.logs import configure_logging

# As in tests/conftest.py: whatever a developer has configured, this process has what it is given.
Settings.model_config["env_file"] = None


def load_app() -> ASGIApp:
    """The pages' states, the websocket and the API; the built front end is not needed."""
    configure_logging("web")
    environment.REFLEX_ENV_MODE.set(Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    importlib.import_module("tests.security.throwaway")
    root: ASGIApp = importlib.import_module("funmagic.funmagic").app()
    return root


if __name__ == "__main__":
    Server("tests.security.serve:load_app", factory=True, port=int(sys.argv[1]), interface=Interfaces.ASGI).serve()
