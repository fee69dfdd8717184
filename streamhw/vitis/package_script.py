# SPDX-License-Identifier: Apache-2.0
"""``package.tcl``: Vivado packs the Verilog as a core, and the core as ``streamhw.xo``."""

from collections.abc import Sequence

from .kernel import VitisKernel
from .kernel_shell import CLOCK, CONTROL, KERNEL, RESET
from .kernel_xml import VLNV

__all__ = ["BURST", "OBJECT", "OUTSTANDING", "package_script"]

OBJECT = f"{KERNEL}.xo"
BURST = 16
"""Beats of the longest burst of a master."""
OUTSTANDING = 64
"""Bursts of a master that memory may owe in a direction."""

SCRIPT = """\
# Packs the kernel, in batch mode:
#   vivado -mode batch -source package.tcl
# Writes {object}. Works in packing/, which it empties first.

set kernel {kernel}
set sources {{{sources}}}
set constraints {{{constraints}}}
# Name, byte address of the register of its base, and name of that register.
set masters {{
{masters}
}}

file delete -force packing
create_project -force $kernel packing/project -part {part}
add_files -norecurse $sources
add_files -fileset constrs_1 -norecurse $constraints
set_property top $kernel [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir packing/core -vendor {vendor} -library {library} \\
  -taxonomy /KernelIP -import_files -set_current false
ipx::unload_core packing/core/component.xml
ipx::edit_ip_in_project -upgrade true -name edit -directory packing/edit packing/core/component.xml
set core [ipx::current_core]
set_property name $kernel $core
set_property version {version} $core
foreach parameter [ipx::get_user_parameters -of_objects $core] {{
  ipx::remove_user_parameter [get_property NAME $parameter] $core
}}

ipx::associate_bus_interfaces -busif {control} -clock {clock} $core
ipx::associate_bus_interfaces -clock {clock} -reset {reset} $core
set bus [ipx::get_bus_interfaces {clock} -of_objects $core]
set parameter [ipx::add_bus_parameter -quiet FREQ_HZ $bus]
set_property value {clock_hz} $parameter
set_property value_resolve_type user $parameter

# One register for each master: linking needs them.
set map [ipx::add_memory_map -quiet {control} $core]
set block [ipx::add_address_block -quiet reg0 $map]
set_property range {range} $block
set_property width 32 $block
set_property slave_memory_map_ref {control} [ipx::get_bus_interfaces {control} -of_objects $core]
foreach master $masters {{
  lassign $master name offset argument
  set bus [ipx::get_bus_interfaces $name -of_objects $core]
  ipx::associate_bus_interfaces -busif $name -clock {clock} $core
  foreach {{key value}} {{MAX_BURST_LENGTH {burst} NUM_READ_OUTSTANDING {outstanding} \\
      NUM_WRITE_OUTSTANDING {outstanding} SUPPORTS_NARROW_BURST 0}} {{
    set parameter [ipx::add_bus_parameter -quiet $key $bus]
    set_property value $value $parameter
    set_property value_source constant $parameter
  }}
  set register [ipx::add_register -quiet $argument $block]
  set_property address_offset $offset $register
  set_property size 64 $register
  set parameter [ipx::add_register_parameter -quiet ASSOCIATED_BUSIF $register]
  set_property value $name $parameter
}}

set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property supported_families {{}} $core
set_property auto_family_support_level level_2 $core
ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity -kernel $core
ipx::save_core $core
close_project -delete

file delete -force {object}
package_xo -xo_path {object} -kernel_name $kernel -ip_directory packing/core \\
  -kernel_xml kernel.xml
"""


def package_script(kernel: VitisKernel, sources: Sequence[str], constraints: str) -> str:
    """The script's text; files relative to the folder that it runs in."""
    vendor, library, _, version = VLNV.split(":")
    return SCRIPT.format(
        object=OBJECT,
        kernel=KERNEL,
        sources=" ".join(sources),
        constraints=constraints,
        masters="\n".join(
            f"  {{{master.name} {master.base:#x} {master.argument}}}" for master in kernel.masters
        ),
        part=kernel.part,
        vendor=vendor,
        library=library,
        version=version,
        control=CONTROL,
        clock=CLOCK,
        reset=RESET,
        clock_hz=kernel.clock_hz,
        range=kernel.range,
        burst=BURST,
        outstanding=OUTSTANDING,
    )
