"""Reads types.json, which lists the resource types and properties that are created and compared, and those that are skipped."""

import json


class Types:
    def __init__(self, path):
        file = json.loads(path.read_text())
        self.created, self.skipped = file["created"], file["skipped"]
        self.seen, self.compared, self.left = set(), set(), set()

    def is_created(self, kind, report):
        """Reports whether the engine creates the type. A type that the file doesn't have fails a check."""
        self.seen.add(kind)
        if kind not in self.created and kind not in self.skipped:
            report.check(f"{kind} in types.json", "created or skipped", "neither")
        return kind in self.created

    def is_lost(self, kind):
        """Reports whether moto loses resources of the type when it updates their stack."""
        return "lost by updates" in self.created.get(kind, {})

    def is_left(self, kind):
        """Reports whether moto leaves resources of the type behind when it deletes their stack."""
        return "not deleted" in self.created.get(kind, {})

    def is_compared(self, kind, name, updated, report):
        """Reports whether the property is compared. A property that the file doesn't have fails a check."""
        if updated and name in self.created[kind].get("not updated", {}):
            return False
        if name in self.created[kind]["compared"]:
            self.compared.add((kind, name))
            return True
        self.left.add((kind, name))
        if name not in self.created[kind].get("skipped", {}):
            report.check(f"{kind}.{name} in types.json", "compared or skipped", "neither")
        return False

    def check_used(self, report):
        """Checks that the file lists nothing that the templates don't have."""
        listed = set(self.created) | set(self.skipped)
        report.check("types of types.json that no template has", [], sorted(listed - self.seen))
        compared = {(kind, name) for kind, entry in self.created.items() for name in entry["compared"]}
        report.check("properties of types.json that were not compared", [], sorted(compared - self.compared))
        left = {(kind, name) for kind, entry in self.created.items() for name in entry.get("skipped", {})}
        report.check("skipped properties of types.json that no template has", [], sorted(left - self.left))
