"""Runs checks one after the other and prints a line for each."""

import time
import traceback

CHECKS = []


class Failed(AssertionError):
    """A check that did not hold."""


def check(words):
    """Registers a function as a check; `words` say what holds."""

    def register(function):
        CHECKS.append((function.__module__.rsplit(".", 1)[-1], words, function))
        return function

    return register


def expect(fact, words):
    """Fails with these words where the fact does not hold."""
    if not fact:
        raise Failed(words)


def equal(is_, wanted, words):
    """Fails where two things differ."""
    expect(is_ == wanted, f"{words}: {is_!r} instead of {wanted!r}")


def run_group(group, context, only, note=lambda line: print(line, flush=True)):
    """Runs the checks of a module; gives how many passed and the failures."""
    passed, failed = 0, []
    for module, words, function in CHECKS:
        name = f"{module}: {words}"
        if module != group or (only and only not in name):
            continue
        begun = time.time()
        context.at = context.stand_in.now()
        try:
            function(context)
        except Exception as error:  # A check may fail in any way, and the others go on.
            failed.append(name)
            reason = str(error) if isinstance(error, AssertionError) else traceback.format_exc(limit=-3)
            note(f"FAIL {name} ({time.time() - begun:.1f} s)\n     {reason[:1800]}")
            context.stand_in.order("clear")
        else:
            passed += 1
            note(f"ok   {name} ({time.time() - begun:.1f} s)")
    return passed, failed
