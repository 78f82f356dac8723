import pytest

from funmagic import paths
from funmagic.core.links import LONGEST, mailed_link, own_path, public_url
from funmagic.core.settings import get_settings


@pytest.mark.parametrize(
    "wanted", ["/", "/tools", "/tools/background-remove?task=1#top", "/zh/profile", "/a//b", "/café"]
)
def test_a_path_of_ours_is_kept(wanted: str) -> None:
    assert own_path(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "tools",
        "?next=/",
        "#top",
        "/" + "a" * LONGEST,
        "/api",
        "/api/tools",
        "/storage/x",
        "/x/../api",
        "/x/%2e%2e/api/",
    ],
)
def test_what_is_no_page_of_ours_leads_to_the_tools(wanted: str | None) -> None:
    assert own_path(wanted) == paths.TOOLS


def test_mailed_addresses_begin_with_the_public_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "public_url", "https://magic.example")
    assert public_url(paths.LOGIN) == "https://magic.example/login"
    assert mailed_link(paths.RESET_PASSWORD, "a/b+c=&") == "https://magic.example/reset-password?token=a%2Fb%2Bc%3D%26"
