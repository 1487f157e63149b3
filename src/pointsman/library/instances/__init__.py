"""Who does the work that the router hands out: endpoints, local programs, functions, or anything like them."""

from __future__ import annotations

from pointsman.library.instances.coerce import as_instance
from pointsman.library.instances.endpoint import EndpointInstance
from pointsman.library.instances.function import FunctionInstance
from pointsman.library.instances.process import ProcessInstance
from pointsman.library.instances.protocol import Instance, Update

__all__ = ["EndpointInstance", "FunctionInstance", "Instance", "ProcessInstance", "Update", "as_instance"]
