"""Signals stop nnrun at once, or at the end of a step while it trains."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from nnrun.errors import Interrupted
from nnrun.interrupts import SIGNALS, Interrupts, unswallowed


@pytest.fixture(autouse=True)
def handlers_are_restored() -> Iterator[None]:
    """Every test leaves the handlers as they were."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


def send(number: int) -> None:
    """Sends a signal to this process; Python handles it before the next line."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_raises_at_once(number: int, code: int) -> None:
    """Outside of training a signal ends the work immediately, with the exit code of that signal."""
    with pytest.raises(Interrupted) as caught, Interrupts():
        send(number)
    assert caught.value.exit_code == code


def test_a_deferred_signal_is_only_noted() -> None:
    """While a network trains the first signal asks for a stop and raises nothing."""
    with Interrupts() as interrupts, interrupts.deferred():
        assert interrupts.requested is None
        send(signal.SIGTERM)
        assert interrupts.requested == signal.SIGTERM


def test_a_second_signal_raises_in_training_too() -> None:
    """Who presses Ctrl-C twice does not want to wait for the save."""
    with pytest.raises(Interrupted) as caught, Interrupts() as interrupts, interrupts.deferred():
        send(signal.SIGTERM)
        send(signal.SIGINT)
    assert caught.value.exit_code == 130


def test_what_was_requested_can_be_raised_later() -> None:
    """After the save, the deferred signal decides how the command ends."""
    with Interrupts() as interrupts:
        interrupts.raise_if_requested()
        with interrupts.deferred():
            send(signal.SIGTERM)
        with pytest.raises(Interrupted) as caught:
            interrupts.raise_if_requested()
    assert caught.value.signum == signal.SIGTERM


def test_signals_are_immediate_again_after_training() -> None:
    """Leaving the deferred part brings the immediate stop back."""
    with pytest.raises(Interrupted), Interrupts() as interrupts:
        with interrupts.deferred():
            pass
        send(signal.SIGINT)


def test_a_held_signal_waits_however_many_come() -> None:
    """What must be done as a whole is done as a whole; then the signal raises."""
    with Interrupts() as interrupts:
        with interrupts.held():
            send(signal.SIGINT)
            send(signal.SIGTERM)
        with pytest.raises(Interrupted) as caught:
            interrupts.raise_if_requested()
    assert caught.value.signum == signal.SIGTERM


def test_within_held_work_a_part_can_be_interrupted() -> None:
    """A signal that came before that part stops it at its beginning."""
    with Interrupts() as interrupts, interrupts.held():
        with pytest.raises(Interrupted), interrupts.immediate():
            send(signal.SIGINT)
        with pytest.raises(Interrupted), interrupts.immediate():
            pytest.fail("it began")


def test_what_an_import_swallows_is_remembered() -> None:
    """Some libraries catch everything while they are imported."""
    with Interrupts() as interrupts:
        with contextlib.suppress(KeyboardInterrupt):
            send(signal.SIGINT)
        assert interrupts.requested == signal.SIGINT


def test_other_threads_install_nothing() -> None:
    """Python forbids handlers outside of the main thread; there it does nothing instead of failing."""
    handlers = []

    def work() -> None:
        with Interrupts() as interrupts, interrupts.deferred():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    """`nohup nnrun train` goes on when its terminal is closed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            send(signal.SIGHUP)
            assert interrupts.requested is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_an_import_takes_for_its_own_error(number: int) -> None:
    """Keras would say that a package is missing, or go on without it."""
    with pytest.raises(Interrupted) as failed, Interrupts(), unswallowed():
        try:
            send(number)
        except KeyboardInterrupt as error:
            raise ImportError("To use Keras, you need `optree`") from error
    assert failed.value.exit_code == 128 + number
    with (
        pytest.raises(Interrupted) as went_on,
        Interrupts(),
        unswallowed(),
        contextlib.suppress(KeyboardInterrupt),
    ):
        send(number)
    assert went_on.value.exit_code == 128 + number


def test_a_ctrl_c_that_an_import_swallows_without_interrupts() -> None:
    """Commands that have nothing to save leave Ctrl-C to Python."""
    with pytest.raises(Interrupted), unswallowed(), contextlib.suppress(KeyboardInterrupt):
        send(signal.SIGINT)


def test_what_is_not_swallowed_stays_as_it_is() -> None:
    """Errors of an import, and signals that wait for the end of something."""
    with pytest.raises(ImportError), Interrupts(), unswallowed():
        raise ImportError
    with pytest.raises(KeyboardInterrupt) as raised, unswallowed():
        send(signal.SIGINT)
    assert type(raised.value) is KeyboardInterrupt
    with Interrupts() as interrupts, interrupts.deferred(), unswallowed():
        send(signal.SIGINT)
        assert interrupts.requested == signal.SIGINT
