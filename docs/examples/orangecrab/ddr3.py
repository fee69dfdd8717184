# SPDX-License-Identifier: Apache-2.0
"""DDR3-800 on 16 bits: dynamic memory is its data sheet, the models come with ``Dram``."""

from streamhw.boards.memory.dram import Dram

# MT41K64M16, speed grade -125, run at 400 MT/s by a soft controller on the ECP5. Nanoseconds.
DDR3 = Dram(
    name="ddr3-800",
    bandwidth=0.8,  # GB/s: 16 bits at 400 MT/s
    latency=380.0,  # 19 cycles of the controller at 50 MHz
    write_latency=330.0,  # as the port of the board says
    t_rcd=13.75,
    t_rp=13.75,
    t_ras=35.0,
    t_rtp=7.5,
    t_wtp=40.0,  # CWL 5, data 4, and tWR 15 ns
    t_rrd=10.0,
    t_faw=50.0,
    t_rtw=20.0,
    t_wtr=30.0,
    t_rfc=110.0,  # 1 Gb
    t_refi=7800.0,
    access_bytes=16,  # burst of 8 on 16 bits
    row_bytes=2048,
    banks=8,
    lookahead=8,
    group=16,
)
