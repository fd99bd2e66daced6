# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes whose program is the interpreter of a script: what runs is the interpreter. As root, and as a user."""
import os
import shutil

from harness import Look, Stale, scenario
import fixtures

USER = 65534
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--")


def write_script(w, first_line, name="script"):
    """Puts a script there that says so, and waits."""
    with open(w.path(name + ".new"), "w", encoding="utf-8") as f:
        f.write(f"{first_line}\necho ready\nread answer\n:\n")
    os.chmod(w.path(name + ".new"), 0o755)
    os.rename(w.path(name + ".new"), w.path(name))
    return w.path(name)


def started(w, script, user=None):
    p = w.start(*(AS_USER if user else ()), script)
    if p.stdout.readline() != b"ready\n":
        raise RuntimeError(f"{script}: {p.stderr.read().decode(errors='replace')}")
    return p


def looks(w, script):
    """Of the script run by root, and by a user who asks for it himself."""
    os.chmod(w.directory, 0o777)
    return [started(w, script), Look(started(w, script, USER).pid, also_as=USER)]


def unchanged(w, first_line):
    script = write_script(w, first_line)
    for who in looks(w, script):
        yield who


def shell_of_its_own(w, name="sh"):
    shutil.copy(os.path.realpath(fixtures.need("sh")), w.path(name + ".new"))
    os.rename(w.path(name + ".new"), w.path(name))
    return w.file(name)


@scenario
def script_of_sh(w):
    """#!/bin/sh, and nothing has changed"""
    yield from unchanged(w, f"#!{fixtures.need('sh')}")


@scenario
def script_of_sh_with_an_argument(w):
    """#!/bin/sh -e"""
    yield from unchanged(w, f"#!{fixtures.need('sh')} -e")


@scenario
def script_of_env(w):
    """#!/usr/bin/env sh"""
    yield from unchanged(w, f"#!{fixtures.need('env')} sh")


@scenario
def script_of_bash(w):
    """#!/bin/bash"""
    yield from unchanged(w, f"#!{fixtures.need('bash')}")


@scenario
def script_of_a_script(w):
    """a script whose interpreter is a script: the kernel starts the last one's"""
    os.symlink(fixtures.need("sh"), w.path("linked-sh"))
    with open(w.path("wrapper"), "w", encoding="utf-8") as f:
        f.write(f"#!{w.path('linked-sh')}\n. \"$1\"\n")
    os.chmod(w.path("wrapper"), 0o755)
    yield from unchanged(w, f"#!{w.path('wrapper')}")


@scenario
def script_replaced(w):
    """the script was replaced by another one, and then removed: no file that is mapped is stale"""
    script = write_script(w, f"#!{fixtures.need('sh')}")
    processes = looks(w, script)
    write_script(w, f"#!{fixtures.need('sh')} -e")
    yield from processes
    os.unlink(script)
    yield from processes


@scenario
def script_replaced_by_a_foreign_program(w):
    """the script was replaced by a program that its interpreter cannot have become"""
    script = write_script(w, f"#!{fixtures.need('sh')}")
    processes = looks(w, script)
    w.program("host-32-1", "script")
    yield from processes


@scenario
def script_in_a_directory_that_was_replaced(w):
    """a new release of the whole directory"""
    w.make("v1"), w.make("v2")
    os.symlink("v1", w.path("current"))
    for directory in ("v1", "v2"):
        write_script(w, f"#!{fixtures.need('sh')}", f"{directory}/script")
    processes = looks(w, w.path("current/script"))
    os.symlink("v2", w.path("next"))
    os.rename(w.path("next"), w.path("current"))
    yield from processes


def interpreter_replaced(w, script, interpreter, new, **expected):
    processes = looks(w, script)
    yield from processes
    new()
    stale = Stale(interpreter, "replaced", ("executable",), disk=w.file("sh"), **expected)
    for who in processes:
        yield who, stale


@scenario
def script_interpreter_replaced(w):
    """its interpreter was replaced by another build"""
    interpreter = shell_of_its_own(w)

    def new():
        shell_of_its_own(w)
        w.run("objcopy", "--remove-section=.note.gnu.build-id", w.path("sh"), w.path("sh.stripped"))
        os.rename(w.path("sh.stripped"), w.path("sh"))

    yield from interpreter_replaced(w, write_script(w, f"#!{interpreter.path}"), interpreter, new, action="restart")


@scenario
def script_interpreter_reinstalled(w):
    """its interpreter was replaced by the same build: no urgency"""
    interpreter = shell_of_its_own(w)
    yield from interpreter_replaced(w, write_script(w, f"#!{interpreter.path}"), interpreter, lambda: shell_of_its_own(w),
                                    flags=("same-content",), urgency="none")


@scenario
def script_of_env_interpreter_deleted(w):
    """its interpreter, found by env in PATH, was removed"""
    interpreter = shell_of_its_own(w, "own-sh")
    script = write_script(w, f"#!{fixtures.need('env')} -S PATH={w.directory} own-sh")
    processes = looks(w, script)
    os.unlink(interpreter)
    for who in processes:
        yield who, Stale(interpreter, "deleted", ("executable",), disk=None)
