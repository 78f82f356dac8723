"""How a process serves pages that are built already. Read in Reflex 0.10.1."""

from reflex_base.constants import Env
from reflex_base.environment import environment


def serve_built_pages() -> None:
    """Have Reflex's app compile nothing and serve the built pages itself; to be called before the app is imported."""
    environment.REFLEX_ENV_MODE.set(Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
