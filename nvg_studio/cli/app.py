"""All commands in one place, and the way errors leave the program: one line on standard error and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import nvg_studio
from nvg_studio.cli import bench, exporting, models, pictures
from nvg_studio.errors import Cancelled, NVGError, describe, is_out_of_memory
from nvg_studio.native_runtime import prepare_process

BAD_INPUT, BROKEN, STOPPED = 2, 1, 130
"""Exit codes: the user can mend it; the program is at fault; Ctrl+C."""

app = typer.Typer(
    name="nvg-studio",
    help="Pictures made from coarse to fine: generate, encode, transfer, export, train, evaluate.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("generate")(pictures.generate)
app.command("encode")(pictures.encode)
app.command("transfer")(pictures.transfer)
app.command("export")(exporting.export)
app.add_typer(models.app, name="models")
app.command("bench")(bench.bench)


PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command("train", context_settings=PASS_ON, add_help_option=False, short_help="Train on your own pictures.")
def train(context: typer.Context) -> None:
    """Train on your own pictures: train pack|tokenizer|generator|all|few-step|preview (--help tells more)."""
    from nvg_studio.training.__main__ import main as train_main

    raise typer.Exit(train_main(context.args) or 0)


@app.command("evaluate", context_settings=PASS_ON, add_help_option=False, short_help="Measure a model.")
def evaluate(context: typer.Context) -> None:
    """Measure a model: evaluate model|classifier (--help tells more)."""
    from nvg_studio.evaluation.__main__ import main as evaluation_main

    raise typer.Exit(evaluation_main(context.args) or 0)


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Pictures made from coarse to fine: generate, encode, transfer, export, train, evaluate."""
    if version:
        print(f"nvg-studio {nvg_studio.__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (None: the command line's); the exit code. Never raises for bad input.

    With NVG_DEBUG set, errors come with their traceback.
    """
    prepare_process()
    try:
        return app(list(sys.argv[1:] if arguments is None else arguments), "nvg-studio", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort, Cancelled):
        return _say("Stopped.", STOPPED)
    except SystemExit as stop:
        # argparse, in `train` and `evaluate`, says what is wrong by itself.
        return stop.code if isinstance(stop.code, int) else BROKEN
    except BrokenPipeError:
        # Whoever read our output (`| head`) has seen enough; nothing more can be said, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN
    except Exception as error:
        if os.environ.get("NVG_DEBUG"):
            raise
        return _say(*_judge(error))


def _judge(error: Exception) -> tuple[str, int]:
    """The line and the exit code for an error."""
    usage = getattr(error, "format_message", None)
    if usage is not None:
        # Wrong options. typer brings its own copy of click, or not, by version: so by this method, not by type.
        return f"{' '.join(usage().split())} (nvg-studio --help tells more)", BAD_INPUT
    expected = isinstance(error, NVGError | OSError) or is_out_of_memory(error)
    return describe(error).text, BAD_INPUT if expected else BROKEN


def _say(line: str, code: int) -> int:
    print(f"nvg-studio: {line}", file=sys.stderr)
    return code
