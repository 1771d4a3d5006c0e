"""The page on training names options that there are."""

import argparse
import re
from pathlib import Path

from nvg_studio.training.__main__ import _parser

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"


def test_options_of_the_page_are_those_of_the_commands():
    (commands,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    known = {name: set(command._option_string_actions) for name, command in commands.choices.items()}
    text = PAGE.read_text("utf-8").split("## Several devices")[0]  # there other programs have options too
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= set().union(*known.values())
    examples = re.findall(r"^nvg-studio train (\w+) (.*(?:\\\n.*)*)", text, re.M)
    assert len(examples) >= 5
    for name, rest in examples:
        assert set(re.findall(r"--[a-z][a-z-]+", rest)) <= known[name]
