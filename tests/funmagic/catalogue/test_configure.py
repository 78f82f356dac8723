"""What an admin decides of a tool's steps."""

import pytest
from sqlmodel import select

from funmagic.catalogue.configure import configure_step
from funmagic.catalogue.kinds import StepKind, ToolKind
from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.core.db import reading, transaction
from funmagic.core.errors import SettingRefused
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def providers(db, redis):
    with transaction() as session:
        session.add(Provider(name="fal", display_name="fal.ai", type="fal"))
        session.add(Provider(name="odd", display_name="Odd", type="no-such-type"))


def configure(slug="background-remove", step="remove", **values):
    with transaction() as session:
        return configure_step(session, slug, step, **values)


def config():
    with reading() as session:
        return session.exec(select(Tool.config).where(Tool.slug == "background-remove")).one()


def test_a_step_gets_its_provider_model_and_cost():
    planned = configure(provider="fal", model="bria/rmbg-3", cost=7)
    assert (planned.provider, planned.model, planned.credits) == ("fal", "bria/rmbg-3", 7)
    assert config() == {
        "steps": {"remove": {"provider": "fal", "queue": "ai-tasks", "model": "bria/rmbg-3", "credits": 7}}
    }


def test_who_does_a_step_unless_told_otherwise_need_not_offer_its_operation(monkeypatch):
    grey = StepKind("remove", "Turn it grey", "grey-image", 5, "local")
    monkeypatch.setitem(TOOL_KINDS, "background-remove", ToolKind("background-remove", (grey,)))
    assert configure(provider="local", cost=7).credits == 7
    with pytest.raises(SettingRefused):
        configure(provider="fal")


def test_what_is_not_given_stays():
    with transaction() as session:
        tool = session.exec(select(Tool).where(Tool.slug == "background-remove")).one()
        tool.config = {"styles": ["a"], "steps": {"remove": {"credits": 3}, "other": {"credits": 1}}}
    configure(provider="fal")
    assert config() == {
        "styles": ["a"],
        "steps": {"remove": {"credits": 3, "provider": "fal", "queue": "ai-tasks"}, "other": {"credits": 1}},
    }


def test_options_replace_those_before_and_stay_with_their_provider():
    configure(provider="fal", options={"preserve_partial_alpha": True})
    assert configure(provider="fal", options={"content_moderation": False}).options == {"content_moderation": False}
    assert configure(cost=9).options == {"content_moderation": False}
    assert configure(provider="local").options == {}


def test_a_step_gets_its_time():
    assert configure().timeout_s == 600
    assert configure(timeout_s=90).timeout_s == 90


def test_a_model_does_not_follow_to_another_provider():
    configure(provider="fal", model="bria/rmbg-3")
    assert configure(provider="fal").model == "bria/rmbg-3"
    assert configure(provider="local").model is None


def test_the_catalogue_shows_the_new_price_at_once(client):
    assert client.get("/api/tools/background-remove").json()["tool"]["totalCredits"] == 5
    configure(cost=9)
    assert client.get("/api/tools/background-remove").json()["tool"]["totalCredits"] == 9


def test_a_tool_may_be_free():
    assert configure(cost=0).credits == 0


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"slug": "nothing"}, "nothing"),
        ({"step": "paint"}, "paint"),
        ({"provider": "nobody"}, "nobody"),
        ({"provider": "odd"}, "odd"),
        ({"provider": "fal", "options": {"shine": 1}}, "shine"),
        ({"provider": "fal", "options": {"preserve_partial_alpha": "perhaps"}}, "preserve_partial_alpha"),
        ({"options": {"anything": 1}}, "anything"),
        ({"timeout_s": 0}, "seconds"),
        ({"timeout_s": 3601}, "seconds"),
        ({"cost": -1}, "cost"),
        ({"cost": 10**9}, "cost"),
        ({"model": ""}, "model"),
        ({"model": "a b"}, "model"),
        ({"model": "m" * 101}, "model"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(values, named):
    with pytest.raises(SettingRefused) as caught:
        configure(**values)
    assert named in caught.value.message
    assert config() == {}
