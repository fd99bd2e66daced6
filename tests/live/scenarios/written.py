# SPDX-License-Identifier: LGPL-2.1-or-later
"""Libraries that are written to in place: with builds that are larger, smaller, or of the same code."""
import os

from harness import File, Stale, scenario
from scenarios.mounts import overlay, overlay_far

OPEN = ("open-handles",)
CRASH = {"flags": ("crash-risk",), "action": "restart-now"}


def can_be_called(host, handle, generation):
    """Does a call still give what it gave? A process that dies of it, or whose code is of another generation, tells not."""
    try:
        return host.call(handle) == generation
    except (RuntimeError, OSError):
        return False


def written_over(w, old, new, truncate=True, names=("plugin.so",)):
    """Into all of these, of a host and a worker; another host shows that a call is not what it was."""
    plugins = [w.install(old, name) for name in names]
    host, victim = w.host(), w.host()
    for plugin in plugins:
        host.call(host.open(plugin))
        victim.call(victim.open(plugin))
    worker = w.worker(host)
    for plugin in plugins:
        w.overwrite(plugin, new, truncate)
    assert not can_be_called(victim, 0, 1)
    stale = [Stale(plugin, "modified", OPEN, **CRASH) for plugin in plugins]
    yield host, *stale
    yield worker, *stale


@scenario
def modified_by_copy_of_more_data(w):
    """cp of a build with more data: code and symbols are the same, what is relocated has moved on"""
    yield from written_over(w, "plain-1", "padded-2")


@scenario
def modified_by_copy_of_more_writable_data(w):
    """the same of one whose relocations are in writable data alone"""
    yield from written_over(w, "writable-1", "writable-padded-2")


@scenario
def modified_by_copy_of_more_data_without_build_id(w):
    """the same without a build-id"""
    yield from written_over(w, "no-id-1", "padded-no-id-2")


@scenario
def modified_by_copy_of_a_longer_build(w):
    """cp of a longer build, with all in another place"""
    yield from written_over(w, "plain-1", "longer-2")


@scenario
def modified_by_copy_of_a_longer_build_without_build_id(w):
    """the same without a build-id"""
    yield from written_over(w, "no-id-1", "longer-no-id-2")


@scenario
def modified_by_copy_of_several(w):
    """cp of larger builds over three libraries"""
    yield from written_over(w, "plain-1", "padded-2", names=("a.so", "b.so", "c.so"))


@scenario
def modified_by_copy_of_a_shorter_build(w):
    """cp of a build that is shorter: the pages behind its end are gone"""
    yield from written_over(w, "longer-1", "plain-2")


@scenario
def modified_by_copy_of_less_data(w):
    """cp of a build with less data"""
    yield from written_over(w, "padded-1", "plain-2")


@scenario
def modified_in_place_by_a_longer_build(w):
    """rsync --inplace: written over and never truncated, pages that are private keep the old data"""
    yield from written_over(w, "plain-1", "longer-2", truncate=False)


@scenario
def modified_in_place_by_a_longer_build_without_build_id(w):
    """the same without a build-id"""
    yield from written_over(w, "no-id-1", "longer-no-id-2", truncate=False)


def copied_up(w, make_overlay, old, write):
    """A file of the lower layer is written to: what is mapped stays as it was."""
    w.make("lower")
    w.install(old, "lower/plugin.so")
    make_overlay(w)
    plugin = File(w.path("merged/plugin.so"))
    host = w.host()
    handle = host.open(plugin)
    host.call(handle)
    write(plugin)
    assert host.call(handle) == 1
    yield host, Stale(plugin, "modified", OPEN)


@scenario
def overlay_copied_up_and_shorter(w):
    """cp of a shorter build over a file of a container's image: the process keeps the old one whole"""
    yield from copied_up(w, overlay, "longer-1", lambda plugin: w.overwrite(plugin, "plain-2"))


@scenario
def overlay_far_copied_up_and_shorter(w):
    """the same with layers on two file systems"""
    yield from copied_up(w, overlay_far, "longer-1", lambda plugin: w.overwrite(plugin, "plain-2"))


@scenario
def overlay_copied_up_and_longer(w):
    """the same with a longer build"""
    yield from copied_up(w, overlay, "plain-1", lambda plugin: w.overwrite(plugin, "longer-2"))


@scenario
def overlay_copied_up_and_of_less_data(w):
    """the same with a build of the same code and less data"""
    yield from copied_up(w, overlay, "padded-1", lambda plugin: w.overwrite(plugin, "plain-2"))


@scenario
def overlay_copied_up_and_emptied(w):
    """the same, truncated to nothing"""
    yield from copied_up(w, overlay, "plain-1", lambda plugin: os.truncate(plugin, 0))
