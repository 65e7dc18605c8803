"""Drives the embedded cloud at the endpoint that is given, and prints a line of JSON for each check."""

import sys
import traceback

import cli
import coverage
import courses
import gateways
import messages
import networks
import newcomers
import paging
import peerings
import prefixlists
import refusals
import selfcheck
import stacks
import storage
from clients import Cloud, Report

PARTS = (selfcheck, networks, newcomers, courses, prefixlists, gateways, peerings, messages, refusals, paging, storage, stacks, cli, coverage)  # coverage asks what the others have driven


def main(endpoint):
    report = Report()
    cloud = Cloud(endpoint, report)
    for part in PARTS:
        try:
            part.drive(cloud)
        except Exception:
            report.check(part.__name__, "no exception", traceback.format_exc(limit=-3))


if __name__ == "__main__":
    main(sys.argv[1])
