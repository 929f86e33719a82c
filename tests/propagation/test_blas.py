"""BLAS beside the threads of an engine."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from wignercq.propagation.engines.blas import single_threaded


def threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_takes_one_thread_and_gets_the_others_back() -> None:
    """Kills: threads of BLAS that compete with those of an engine, a limit that stays, also in contexts within."""
    before = threads()
    with single_threaded():
        assert set(threads()) == {1}
        with single_threaded():
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert threads() == before
