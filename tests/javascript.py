"""What a Var of Reflex is in the browser, as Node has it."""

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import reflex as rx

NODE = Path(sysconfig.get_path("scripts")) / "node"


def evaluate(value: Any) -> Any:
    """The value of a Var that asks no state."""
    script = f"console.log(JSON.stringify({rx.Var.create(value)!s}))"
    return json.loads(subprocess.check_output([NODE, "--eval", script], text=True))
