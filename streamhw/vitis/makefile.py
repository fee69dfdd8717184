# SPDX-License-Identifier: Apache-2.0
"""The Makefile of a package: each target names the tool and the version that it needs."""

from .kernel import VitisKernel
from .kernel_shell import KERNEL
from .package_script import OBJECT

__all__ = ["makefile"]

TEXT = """\
# From Verilog to a card. `make` says what each target needs.
#
# Written for Vitis and Vivado 2023.2 to 2025.2, XRT 2.16 or later, and the platform below:
#   source <Vitis>/settings64.sh; source /opt/xilinx/xrt/setup.sh

PLATFORM ?= {platform}
TARGET   ?= hw
JOBS     ?= 8
# Where memory.bin and manifest.json of the build are.
BUILD    ?= ..
TOKENS   ?= 32
# Of the build, as of `streamhw build`, for prompts of text; without it they are token numbers.
MODEL    ?=
PYTHON   ?= python3
CXX      ?= g++
CXXFLAGS ?= -std=c++17 -O2 -Wall -Wextra

WORK     := work.$(TARGET)
XCLBIN   := {kernel}.$(TARGET).xclbin
RTL      := $(wildcard rtl/*.v)

.PHONY: help xo xclbin host run answer reports clean
help:
\t@echo "make xo       {object}: Vivado, some minutes"
\t@echo "make xclbin   $(XCLBIN): v++ and Vivado, many hours; TARGET=hw_emu for emulation"
\t@echo "make host     the programs of this machine: g++ and XRT"
\t@echo "make run      PROMPT='...': an answer of the card as text: Python with streamhw"
\t@echo "make answer   PROMPT='5 9 33': an answer of the card in tokens: no Python"
\t@echo "make reports  timing and cells of the linked design, after make xclbin"

xo: {object}
xclbin: $(XCLBIN)
host: host/main host/libcard.so

{object}: package.tcl kernel.xml constraints.xdc $(RTL)
\t$(call needs,vivado,Vivado 2023.2 or later)
\tvivado -mode batch -notrace -source package.tcl

$(XCLBIN): {object} link.cfg floorplan.tcl
\t$(call needs,v++,Vitis 2023.2 or later)
\tmkdir -p $(WORK)
\tsed 's|@PWD@|$(CURDIR)|' link.cfg > $(WORK)/link.cfg
\tv++ --link --target $(TARGET) --platform $(PLATFORM) --config $(WORK)/link.cfg \\
\t  --vivado.synth.jobs $(JOBS) --vivado.impl.jobs $(JOBS) \\
\t  --temp_dir $(WORK)/temp --log_dir $(WORK)/logs --report_dir $(WORK)/reports \\
\t  --output $@ {object}

host/main: host/main.cpp host/card.cpp host/card.h host/design.h
\t$(call needs,xclbinutil,XRT 2.16 or later)
\t$(CXX) $(CXXFLAGS) -I$(XILINX_XRT)/include host/main.cpp host/card.cpp -o $@ \\
\t  -L$(XILINX_XRT)/lib -lxrt_coreutil -pthread

host/libcard.so: host/c_interface.cpp host/card.cpp host/card.h
\t$(call needs,xclbinutil,XRT 2.16 or later)
\t$(CXX) $(CXXFLAGS) -fPIC -shared -I$(XILINX_XRT)/include host/c_interface.cpp host/card.cpp \\
\t  -o $@ -L$(XILINX_XRT)/lib -lxrt_coreutil -pthread

run: host/libcard.so
\t$(PYTHON) host/answer.py $(BUILD) $(XCLBIN) --prompt '$(PROMPT)' --tokens $(TOKENS) \\
\t  $(if $(MODEL),--model $(MODEL))

answer: host/main
\thost/main $(XCLBIN) $(BUILD)/memory.bin $(TOKENS) $(PROMPT)

reports:
\tfind $(WORK) -name '*timing_summary*.rpt' -o -name '*utilization*.rpt' | sort

clean:
\trm -rf packing work.* .Xil *.jou *.log host/main host/libcard.so

define needs
@command -v $(1) >/dev/null || {{ echo "make: $(1) must be on PATH: $(2)" >&2; exit 1; }}
endef
"""


def makefile(kernel: VitisKernel) -> str:
    """The file's text."""
    return TEXT.format(platform=kernel.platform, kernel=KERNEL, object=OBJECT)
