"""Files that Envoy watches: how they are written, and how a filter or secret says that it comes from one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from easement.gateway.envoy_types import Tree, typed


def discovery(resources: list[Tree]) -> bytes:
    """A file of resources; its version is the hash of what is in it."""
    body = json.dumps(resources, sort_keys=True)
    version = hashlib.sha256(body.encode()).hexdigest()
    return json.dumps({"version_info": version, "resources": resources}, sort_keys=True, separators=(",", ":")).encode()


def watched(path: Path) -> Tree:
    """The configuration source that is this file."""
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def watched_filter(name: str, path: Path, message: str, *, disabled: bool = False) -> Tree:
    """An HTTP filter of the given type whose configuration comes from a file of its own."""
    tree: Tree = {
        "name": name,
        "config_discovery": {"config_source": watched(path), "type_urls": [f"type.googleapis.com/{message}"]},
    }
    return {**tree, "disabled": True} if disabled else tree


def filter_file(name: str, configuration: Tree) -> bytes:
    """What such a filter reads."""
    return discovery([typed("envoy.config.core.v3.TypedExtensionConfig", name=name, typed_config=configuration)])
