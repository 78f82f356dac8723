"""What the fault tests share: servers of their own, on which every test has the product to itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from funmagic.core.db import get_engine, transaction
from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.providers.service import set_provider
from funmagic.sessions.viewer import Viewer
from tests.emulators.fal import FalEmulator
from tests.emulators.server import serving
from tests.factories import configure_step
from tests.faults.product import Launcher, Product
from tests.faults.servers import FAL_KEY, Servers
from tests.ports import free_port


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers, running."""
    fal = FalEmulator(key=FAL_KEY)
    with serving(fal.app, free_port()) as address:
        servers = Servers(fal, address)
        servers.start()
        yield servers
        servers.remove()


@pytest.fixture(scope="session")
def launcher(data_dir: Path) -> Iterator[Launcher]:
    """What starts the product's processes."""
    launcher = Launcher(data_dir)
    yield launcher
    launcher.stop()


@pytest.fixture
def migrated(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In this package the database, and Redis with it, are servers that a test may stop."""
    for name, value in servers.settings.items():
        monkeypatch.setattr(get_settings(), name, value)
    # This process looks on from outside, and is to see what there is right after a cut.
    monkeypatch.setattr("funmagic.core.db.PING_AFTER_S", 0)
    servers.make_ready()
    yield
    get_engine().dispose()
    get_engine.cache_clear()
    get_redis.cache_clear()


@pytest.fixture
def product(servers: Servers, launcher: Launcher, alice: Viewer, tmp_path: Path) -> Iterator[Product]:
    """A product with no process yet, in which fal.ai does Background Remove, one run at a time."""
    with transaction() as session:
        config = {"rateLimit": {"maxConcurrency": 1}}
        set_provider(session, "fal", api_key=FAL_KEY, base_url=servers.fal_address, config=config)
    configure_step(provider="fal")
    product = Product(servers, launcher, tmp_path, alice)
    yield product
    product.close()
