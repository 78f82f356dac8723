"""kill -9 at everything that is done with the database on account of an event: the same end as without."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from funmagic.billing.events import Event, receive_event
from funmagic.core.db import transaction
from tests.emulators.stripe import StripeEmulator
from tests.funmagic.billing.crowd import gather_crowd
from tests.funmagic.billing.stories import dispute, lose, pay, refund
from tests.servers import PROJECT

pytestmark = pytest.mark.both_databases

PLOT = [pay, refund(700), dispute(1000), lose]


def test_events_end_the_same_wherever_their_worker_is_killed(stripe: StripeEmulator, data_dir: Path) -> None:
    stripe.webhooks.hold()
    crowd = gather_crowd(stripe, buyers=1, payments=1, events=0, seed=3, plots=[PLOT])
    random.Random(5).shuffle(crowd.events)
    told = data_dir / "events.json"
    told.write_text(json.dumps(crowd.events))
    command = [sys.executable, "-m", "tests.funmagic.billing.killed_worker", str(told)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=environment, cwd=data_dir, check=True, capture_output=True, timeout=300)
    assert int(done.stdout.split()[-1]) > 50
    crowd.check()
    for event in crowd.events:
        with transaction() as session:
            receive_event(session, Event.model_validate(event))
    crowd.check()
