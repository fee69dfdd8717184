# SPDX-License-Identifier: Apache-2.0
"""Ports of the modules of a netlist, from sets of nets instead of a walk for each bit.

Upstream: ``_compute_net_flows`` walks up the hierarchy for each use of each bit, and keeps how each
bit flows in each module that it is in, although only those that leave a module become ports.
"""

from typing import Any

from amaranth.hdl._nir import Instance, ModuleNetFlow, Value

from .nets import outputs_of

__all__ = ["compute_net_flows", "compute_ports"]


def compute_net_flows(netlist: Any) -> None:
    """``_compute_net_flows`` of the nets that pass the border of a module."""
    modules = netlist.modules
    count = len(modules)
    driven, present, shared = ([set[int]() for _ in range(count)] for _ in range(3))
    outputs = outputs_of(netlist)
    for start, width in netlist.top.ports_i.values():
        driven[0].update(range(start, start + width))
    for index, cell in enumerate(netlist.cells):
        if index in outputs:
            driven[cell.module_idx].update(outputs[index])
        present[cell.module_idx] |= cell.input_nets()
    for index, module in enumerate(modules):
        for signal in module.signal_names:
            present[index].update(netlist.signals[signal])
        present[index] -= {0, 1}
        present[index] |= driven[index]
    # From the leaves on: what is in a module or below it, and what is in two or more parts of it.
    for index in range(count - 1, -1, -1):
        parent = modules[index].parent
        if parent is not None:
            shared[parent] |= present[parent] & present[index]
            present[parent] |= present[index]
            driven[parent] |= driven[index]
    # From the top on: what is also elsewhere.
    outside = shared
    for index, module in enumerate(modules):
        if module.parent is not None:
            passing = present[index] & outside[module.parent]
            outside[index] |= passing
            module.net_flow = {
                net: ModuleNetFlow.Output if net in driven[index] else ModuleNetFlow.Input
                for net in passing
            }


def compute_ports(netlist: Any) -> None:
    """``_compute_ports``, which joins neighbouring nets of one flow."""
    top, signals = netlist.top, netlist.signals
    begins = {start for start, _ in top.ports_i.values()}
    for index, cell in enumerate(netlist.cells):
        if isinstance(cell, Instance):
            begins.update((index << 16) + start for start, _ in cell.ports_o.values())
    for module in netlist.modules:
        flows = module.net_flow
        if not flows:
            continue
        names: dict[Value, str] = {}
        for signal, name in module.signal_names.items():
            if not name.startswith("$"):
                names.setdefault(signals[signal], name)
        run: list[int] = []
        flow = None
        for net in sorted(flows):
            if run and net == run[-1] + 1 and flows[net] is flow and net not in begins:
                run.append(net)
                continue
            if run:
                _add(module, run, flow, names)
            run, flow = [net], flows[net]
        _add(module, run, flow, names)
        module.net_flow = {}
    for name, (start, width) in top.ports_i.items():
        nets = Value(range(start, start + width))
        netlist.modules[0].ports[name] = nets, ModuleNetFlow.Input
    for name, value in top.ports_o.items():
        netlist.modules[0].ports[name] = value, ModuleNetFlow.Output


def _add(module: Any, run: list[int], flow: Any, names: dict[Value, str]) -> None:
    value = Value(run)
    name = names.get(value) or f"port${run[0] >> 16}${run[0] & 0xFFFF}"
    module.ports[name] = value, flow
