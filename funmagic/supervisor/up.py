"""`python -m funmagic up`: the whole product, from an empty directory to an address, until it is stopped."""

import asyncio
import signal
import sys
from collections.abc import Iterator

from funmagic import paths
from funmagic.core import weights
from funmagic.core.migrations import migrate
from funmagic.core.settings import Settings, get_settings
from funmagic.seed import seed
from funmagic.supervisor import embedded_redis, frontend
from funmagic.supervisor.data_lock import sole_use_of
from funmagic.supervisor.errors import StartError
from funmagic.supervisor.keeper import Child, Keeper, Stopped
from funmagic.supervisor.ports import check_port_is_free, wait_until_healthy
from funmagic.supervisor.terminal import print_line, stage

REDIS_WAIT = 60
WEB_WAIT = 120
FUNMAGIC = (sys.executable, "-m", "funmagic")


def run_everything(*, dev: bool = False) -> int:
    """Prepare and run all processes until a signal; the exit code is 0 after a stop, 1 when something failed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also when a shell started us in the background, ignoring SIGINT
        signal.signal(number, signal.default_int_handler)
    settings = get_settings()
    try:
        check_port_is_free(settings.host, settings.port)
        with sole_use_of(settings.data_dir):
            redis = _embedded_redis(settings)
            _prepare(settings, dev=dev)
            return asyncio.run(_keep_running(settings, redis, dev=dev))
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _embedded_redis(settings: Settings) -> Child | None:
    if settings.redis_url:
        return None
    server = embedded_redis.find_server()
    embedded_redis.stop_leftover(settings.redis_socket)
    command = embedded_redis.server_command(server, settings.data_dir / "redis", settings.redis_socket)
    return Child("redis", command, quiet=True)


def _prepare(settings: Settings, *, dev: bool) -> None:
    with stage("Database migrated"):
        migrate()
    with stage("Models in place"):
        weights.fetch_models(settings.models_dir)
    if dev:
        frontend.forget_build()
        return
    with stage("Front end built"):
        frontend.build_if_stale()


async def _keep_running(settings: Settings, redis: Child | None, *, dev: bool) -> int:
    keeper = Keeper()
    keeper.open()
    try:
        await _start_all(keeper, settings, redis, dev=dev)
        await keeper.wait_for_end()
    except Stopped:
        pass
    finally:
        print_line("Stopping …")
        await keeper.stop()
        if dev:
            frontend.tidy_manifest()
    return 1 if keeper.failed else 0


async def _start_all(keeper: Keeper, settings: Settings, redis: Child | None, *, dev: bool) -> None:
    if redis:
        with stage("Redis started"):
            keeper.start(redis)
            await keeper.wait_for(embedded_redis.wait_until_answering(settings.redis_socket, within=REDIS_WAIT))
    with stage("First data in place"):
        first_admin = seed()
    with stage("Site answering"):
        keeper.start(_web(dev=dev))
        # It has the processors to itself for its start.
        await keeper.wait_for(wait_until_healthy(settings.host, settings.port, within=WEB_WAIT))
    for group in _workers(settings):
        keeper.start(*group)
    _welcome(settings, first_admin)


def _web(*, dev: bool) -> Child:
    return Child("web", frontend.dev_server_command() if dev else [*FUNMAGIC, "web"], patience=8)


def _workers(settings: Settings) -> Iterator[list[Child]]:
    names = [f"worker-{number}" for number in range(1, settings.workers + 1)]
    yield [Child(name, [*FUNMAGIC, "worker", "mail", "ai-tasks"], patience=10) for name in names]
    streams = [f"stream-{number}" for number in range(1, settings.stream_workers + 1)]
    yield [Child(name, [*FUNMAGIC, "worker", "ai-streaming"], patience=10) for name in streams]
    yield [Child("clock", [*FUNMAGIC, "clock"])]


def _welcome(settings: Settings, first_admin: tuple[str, str] | None) -> None:
    print_line(f"\nFunMagic is ready: {settings.public_url}   (Ctrl-C stops it)")
    if first_admin:
        print_line(_how_to_sign_in(settings, *first_admin))
    print_line("")


def _how_to_sign_in(settings: Settings, email: str, password: str) -> str:
    words = f"Super admin: sign in as {email} with the password {password} (shown only now)."
    if settings.mail_server is not None:
        return words
    login = settings.public_url + paths.LOGIN
    mailbox = settings.public_url + paths.MAILBOX
    return f"{words}\nA mailed link works too: ask for it at {login}, and open it in {mailbox}."
