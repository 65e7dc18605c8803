"""Holds raw answers against botocore's service model: botocore's own parsers drop what they don't know."""

import base64
import datetime
import json
import re
import xml.etree.ElementTree as ElementTree

INTEGER = re.compile(r"-?\d+")
DECIMAL = re.compile(r"-?\d+(\.\d+)?")
# EC2's timestamps have milliseconds and Z, always.
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def mistakes(operation, response):
    """Returns what is wrong with the raw answer to an operation, a line each."""
    if response["status_code"] >= 300:
        return _mistakes_of_error(operation, response)
    protocol = operation.service_model.resolved_protocol
    if protocol in ("ec2", "query"):
        return list(_xml(operation, response["body"]))
    return list(_json_answer(operation, response["body"]))


def _mistakes_of_error(operation, response):
    protocol = operation.service_model.resolved_protocol
    if protocol == "ec2":
        root = ElementTree.fromstring(response["body"])
        paths = ("Errors/Error/Code", "Errors/Error/Message", "RequestID")
        found = root.tag == "Response" and all(root.findtext(p) for p in paths)
        return [] if found else [f"no error envelope of EC2: {response['body']!r}"]
    if protocol == "query":
        root = ElementTree.fromstring(response["body"])
        return [] if _local(root.tag) == "ErrorResponse" else [f"no error envelope: {response['body']!r}"]
    body = json.loads(response["body"])
    return [] if body.get("__type") else [f"no __type in {body}"]


def _local(tag):
    return tag.rpartition("}")[2]


def _xml(operation, body):
    root = ElementTree.fromstring(body)
    namespace = operation.service_model.metadata["xmlNamespace"].rstrip("/")
    if root.tag not in (f"{{{namespace}/}}{operation.name}Response", f"{{{namespace}}}{operation.name}Response"):
        yield f"the root is {root.tag}"
    if operation.service_model.resolved_protocol == "ec2":
        yield from _ec2_members(operation, root)
        return
    if operation.output_shape is not None:
        result = root.find(f"{{{namespace}/}}{operation.name}Result")
        if result is None:
            yield f"no {operation.name}Result in {[c.tag for c in root]}"
            return
        yield from _xml_structure(operation.output_shape, result, operation.name, "member")


def _ec2_members(operation, root):
    """An answer of EC2 has its request's id beside the members, and <return> also where none is modelled."""
    extra = {"requestId"}
    if operation.output_shape is None or not _wire_names(operation.output_shape).keys() & {"return"}:
        extra.add("return")
    if not any(_local(child.tag) == "requestId" for child in root):
        yield "no requestId"
    for child in [c for c in root if _local(c.tag) in extra]:
        root.remove(child)
    if operation.output_shape is None:
        yield from (f"{operation.name}.{_local(c.tag)} is not modelled" for c in root)
    else:
        yield from _xml_structure(operation.output_shape, root, operation.name, "item")


def _wire_names(shape):
    return {member.serialization.get("name", name): member for name, member in shape.members.items()}


def _xml_structure(shape, node, path, item):
    """Checks a structure. A list's elements are named item if the model gives no other name."""
    names, seen = _wire_names(shape), set()
    for child in node:
        name = _local(child.tag)
        if name not in names:
            yield f"{path}.{name} is not in {shape.name}"
            continue
        if name in seen:
            yield f"{path}.{name} comes twice"
        seen.add(name)
        yield from _xml_value(names[name], child, f"{path}.{name}", item)


def _xml_value(shape, node, path, item):
    if shape.type_name == "structure":
        yield from _xml_structure(shape, node, path, item)
    elif shape.type_name == "list":
        name = shape.member.serialization.get("name", item)
        for child in node:
            if _local(child.tag) != name:
                yield f"{path} has {_local(child.tag)} where {name} is expected"
            yield from _xml_value(shape.member, child, f"{path}[]", item)
    elif len(node):
        yield f"{path} has children and is a {shape.type_name}"
    else:
        yield from _text(shape, node.text or "", path)


def _text(shape, text, path):
    """Checks a scalar as XML has it."""
    valid = {
        "integer": lambda: INTEGER.fullmatch(text) and abs(int(text)) < 1 << 31,
        "long": lambda: INTEGER.fullmatch(text),
        "double": lambda: DECIMAL.fullmatch(text),
        "float": lambda: DECIMAL.fullmatch(text),
        "boolean": lambda: text in ("true", "false"),
        "timestamp": lambda: TIMESTAMP.fullmatch(text) and datetime.datetime.fromisoformat(text),
        "blob": lambda: base64.b64decode(text, validate=True) is not None,
        "string": lambda: not shape.enum or text in shape.enum,
    }
    if not valid[shape.type_name]():
        yield f"{path} is {text!r}, no {shape.type_name} {shape.enum if shape.type_name == 'string' else ''}".rstrip()


def _json_answer(operation, body):
    if operation.output_shape is None:
        if body not in (b"", b"{}"):
            yield f"{body!r} where nothing is modelled"
        return
    yield from _json_value(operation.output_shape, json.loads(body), operation.name)


JSON_TYPES = {
    "integer": int, "long": int, "double": (int, float), "float": (int, float), "boolean": bool,
    "string": str, "blob": str, "timestamp": (int, float), "list": list, "map": dict, "structure": dict,
}


def _json_value(shape, value, path):
    wanted = JSON_TYPES[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        yield f"{path} is {value!r}, no {shape.type_name}"
    elif shape.type_name == "structure":
        names = _wire_names(shape)
        yield from (f"{path}.{name} is not in {shape.name}" for name in value if name not in names)
        for name in value.keys() & names.keys():
            yield from _json_value(names[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for element in value:
            yield from _json_value(shape.member, element, f"{path}[]")
    elif shape.type_name == "map":
        for key, element in value.items():
            yield from _json_value(shape.key, key, f"{path} key")
            yield from _json_value(shape.value, element, f"{path}[{key}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, none of {shape.enum}"
