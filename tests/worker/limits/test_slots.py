"""A step's slot: it is one of the account's own scope."""

import pytest

from funmagic.models.providers import ProviderScope
from funmagic.models.tasks import TaskStep
from funmagic.providers.config import ProviderConfig
from worker.limits.limiter import slots_in_use
from worker.limits.slots import NoSlot, give_slot_back, slow_down, take_slot
from worker.providers.accounts import Account

pytestmark = pytest.mark.usefixtures("redis")

ONE_AT_A_TIME = ProviderConfig.model_validate({"rateLimit": {"maxConcurrency": 1}})
SITE, STUDIO = (Account("fal", "fal", config=ONE_AT_A_TIME, scope=scope) for scope in ProviderScope)


def step(number):
    return TaskStep(id=f"step-{number}", task_id="task", step_id="it", position=0, provider="fal")


def test_the_studio_and_the_site_do_not_take_each_others_slots():
    take_slot(step(1), SITE)
    take_slot(step(2), STUDIO)
    with pytest.raises(NoSlot):
        take_slot(step(3), STUDIO)
    give_slot_back(STUDIO.scope, STUDIO.name, "step-2")
    take_slot(step(3), STUDIO)
    assert (slots_in_use("web", "fal"), slots_in_use("admin", "fal")) == (1, 1)


def test_a_pause_that_the_studios_provider_asked_for_does_not_stop_the_site():
    slow_down(STUDIO, 30)
    with pytest.raises(NoSlot):
        take_slot(step(1), STUDIO)
    take_slot(step(1), SITE)
