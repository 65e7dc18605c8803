"""Creates, updates and deletes the stacks of two versions of a policy, and prints a line of JSON for each check."""

import json
import pathlib
import sys
import traceback

import stacks
from checks import Report
from types_file import Types


def main(endpoint, before, after, types):
    report, types = Report(), Types(types)
    try:
        update(stacks.Engine(endpoint), report, types, stacks.read(before), stacks.read(after))
        create(stacks.Engine(endpoint), report, types, stacks.read(after))
    except Exception:
        report.check("the stacks", "no exception", traceback.format_exc(limit=-3))
    types.check_used(report)


def update(engine, report, types, before, after):
    create_all(engine, report, types, before)
    for old, new in zip(before, after, strict=True):
        left = [resource for resource in engine.resources(old) if resource.logical not in new.resources]
        report.check(f"update {new.name}", "UPDATE_COMPLETE", engine.update(new))
        engine.check_gone(left, report, types)
    for stack in after:
        engine.compare(stack, report, types, updated=True)
    delete_all(engine, report, types, after)


def create(engine, report, types, every):
    """Creates the second version anew: moto updates less than it creates."""
    create_all(engine, report, types, every)
    delete_all(engine, report, types, every)


def create_all(engine, report, types, every):
    for stack in every:
        report.check(f"create {stack.name}", "CREATE_COMPLETE", engine.create(stack))
    for stack in every:
        engine.compare(stack, report, types)


def delete_all(engine, report, types, every):
    for stack in reversed(every):
        resources = engine.resources(stack)
        report.check(f"delete {stack.name}", [], engine.delete(stack))
        engine.check_gone(resources, report, types)


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]))
