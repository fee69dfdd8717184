# SPDX-License-Identifier: Apache-2.0
"""A pseudo-channel of HBM2: its documented times."""

from dataclasses import dataclass

from .dram import Dram

__all__ = ["Hbm2"]


@dataclass(frozen=True, kw_only=True)
class Hbm2(Dram):
    """A pseudo-channel of HBM2; times are nanoseconds.

    Sources: [D] DRAMsim3's file HBM2_8Gb_x128.ini, [G] gem5's HBM_2000_4H_1x64, both after JEDEC
    JESD235, which is not public; [P] AMD PG276; [U] AMD UG1393; [S] Shuhai, arXiv 2005.04324,
    measured on a U280 of the same generation. [A] is an assumption.
    """

    name: str = "hbm2"
    bandwidth: float = 14.375  # GB/s [U]: 32 pseudo-channels share 460 GB/s
    latency: float = 106.6  # of a read from an open row [S]: 48 cycles at 450 MHz
    write_latency: float = 60.0  # from a write's last access to its response [A]
    t_rcd: float = 14.0  # a row is opened [D]; 7 cycles at 450 MHz, 15.6, in [S]
    t_rp: float = 14.0  # a row is closed [D]; again 15.6 in [S]
    t_ras: float = 34.0  # a row is open at least [D]
    t_rtp: float = 5.0  # from a read to closing the row [G]; 4 or 6 in [D]
    t_wtp: float = 22.0  # from a write to closing the row: CWL 4, data 2, tWR 16 [D]
    t_rrd: float = 4.0  # from opening a row to the next [D], [G]
    t_faw: float = 16.0  # from opening a row to the fourth next [G]; 30 in [D]
    t_rtw: float = 14.0  # from a read to a write: CL 14, data 2, gap 2, less CWL 4 [D]
    t_wtr: float = 14.0  # from a write to a read: CWL 4, data 2, tWTR 8 [D]
    t_rfc: float = 260.0  # a refresh of all banks, 4 Gb a die and channel [D]
    t_refi: float = 3900.0  # from one refresh to the next [D], [G]
    access_bytes: int = 32  # burst of 4 on 64 bits, and the controller's own width [P]
    row_bytes: int = 1024  # of a pseudo-channel [G]
    banks: int = 16  # [G]; those of a second half of an 8-high stack are left out [A]
    lookahead: int = 64  # accesses in which the controller looks for rows to open [P]
    group: int = 64  # accesses of one direction while the other waits [A]
