from collections.abc import Iterator

import pytest
import structlog

from funmagic.telemetry import configure_logging


@pytest.fixture
def logging_set_up() -> Iterator[None]:
    before = structlog.get_config()
    configure_logging()
    yield
    structlog.configure(**before)


def test_a_logged_defect_does_not_print_the_values_it_happened_with(
    logging_set_up: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(password: str) -> None:
        raise RuntimeError("it broke")

    try:
        check("hunter" + "2")
    except RuntimeError as error:
        structlog.get_logger().error("request_failed", exc_info=error)
    logged = "".join(capsys.readouterr())
    assert "it broke" in logged
    assert "hunter2" not in logged
