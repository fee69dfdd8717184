# SPDX-License-Identifier: Apache-2.0
"""A top of memory ports that only make traffic, for tests of the memory and of its speed.

Each port reads ``bursts`` bursts of ``beats`` beats from the first half of what it sees of the
memory, one after another or at random places, and with ``copy`` writes what it read to the same
places of the second half. It takes a beat whenever there is one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamhw.runtime.manifest import Manifest, ManifestPort, ManifestStream, MemoryMap

CONTROL = """\
    input s_axil_awvalid, output s_axil_awready, input [11:0] s_axil_awaddr,
    input s_axil_wvalid, output s_axil_wready, input [31:0] s_axil_wdata, input [3:0] s_axil_wstrb,
    output s_axil_bvalid, input s_axil_bready, input s_axil_arvalid, output s_axil_arready,
    input [11:0] s_axil_araddr, output s_axil_rvalid, input s_axil_rready,
    output [31:0] s_axil_rdata"""

SIGNALS = (
    ("output", 1, "arvalid"), ("input", 1, "arready"), ("output", 40, "araddr"),
    ("output", 8, "arlen"), ("input", 1, "rvalid"), ("output", 1, "rready"),
    ("input", 0, "rdata"), ("input", 1, "rlast"),
    ("output", 1, "awvalid"), ("input", 1, "awready"), ("output", 40, "awaddr"),
    ("output", 8, "awlen"), ("output", 1, "wvalid"), ("input", 1, "wready"),
    ("output", 0, "wdata"), ("output", -8, "wstrb"), ("output", 1, "wlast"),
    ("input", 1, "bvalid"), ("output", 1, "bready"),
)  # fmt: skip
"""Direction, bits (0: of the data, -8: of its bytes) and name; the write channels come last."""

PORT = """\
module port #(parameter WIDTH = 512, BEATS = 1, BURSTS = 1, PLACES = 1, RANDOM = 0, COPY = 0,
              parameter [39:0] ADDRESS = 0, parameter [31:0] SEED = 1) (
    input clk, input rst,
{ports});
  localparam BYTES = BEATS * WIDTH / 8;
  reg [31:0] issued, draw;
  reg open, ordered;  // this burst's read, write address is still to be taken
  wire [31:0] place = RANDOM ? draw % PLACES : issued % PLACES;
  assign arvalid = issued != BURSTS && open, araddr = ADDRESS + place * BYTES;
  assign awvalid = COPY && issued != BURSTS && ordered, awaddr = araddr + PLACES * BYTES;
  assign arlen = BEATS - 1, awlen = BEATS - 1;
  assign rready = COPY ? wready : 1'b1, wvalid = COPY && rvalid;
  assign wdata = rdata, wlast = rlast, wstrb = ~0, bready = 1'b1;
  wire read = !open || arready, write = !COPY || !ordered || awready;
  always @(posedge clk)
    if (rst) begin
      issued <= 0; open <= 1; ordered <= 1; draw <= SEED;
    end else if (issued != BURSTS) begin
      open <= read && write || open && !arready;
      ordered <= read && write || ordered && !awready;
      if (read && write) begin
        issued <= issued + 1;
        draw <= draw * 32'd1664525 + 32'd1013904223 >> 3 ^ draw << 11;
      end
    end
endmodule
"""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Parameters of the top; ``places`` are bursts of half a port."""

    ports: int = 1
    width: int = 512
    beats: int = 16
    bursts: int = 4
    places: int = 4
    random: bool = False
    copy: bool = False
    striped: bool = False
    spacing: int = 0  # bytes between the addresses of two ports
    flaw: bool = False  # the last port reads beyond its half

    @property
    def beat_bytes(self) -> int:
        return self.width // 8

    @property
    def visible(self) -> int:
        """Bytes that a port sees."""
        return 2 * self.places * self.beats * self.beat_bytes

    @property
    def manifest(self) -> Manifest:
        names = [f"mem{i}" for i in range(self.ports)]
        return Manifest(
            board="sim",
            context=1,
            vocabulary=1,
            token_batch=1,
            digest="00000000",
            memory=MemoryMap(
                bytes=self.visible * (self.ports if self.striped else 1), striped=self.striped
            ),
            ports=tuple(
                ManifestPort(name=name, data_width=self.width, address_width=40, id_width=1,
                           address=i * self.spacing)
                for i, name in enumerate(names)
            ),
            streams=tuple(
                ManifestStream(name=name, payload=f"{name}_rdata", valid=f"{name}_rvalid",
                       ready=f"{name}_rready", width=self.width)
                for name in names
            ),
        )  # fmt: skip

    def image(self, seed: int) -> np.ndarray:
        """Random memory content."""
        size = self.manifest.memory.bytes
        return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)

    def seen(self, image: np.ndarray, port: int) -> np.ndarray:
        """Beats (beats, bytes) of the memory that a port sees, in its order."""
        beats = image.reshape(-1, self.beat_bytes)
        return beats[port :: self.ports] if self.striped else beats

    def write(self, folder: Path, base: int = 0) -> Path:
        """Writes the Verilog of the top to a folder, for an image at byte ``base``."""
        signals = SIGNALS if self.copy else SIGNALS[:8]
        tops, instances = [], []
        for i in range(self.ports):
            tops.append(self._declared(signals, f"mem{i}_"))
            flawed = self.flaw and i == self.ports - 1
            places, bursts = (2 * self.places + 1,) * 2 if flawed else (self.places, self.bursts)
            pins = ", ".join(f".{name}(mem{i}_{name})" for _, _, name in signals)
            instances.append(
                f"  port #(.WIDTH({self.width}), .BEATS({self.beats}), .BURSTS({bursts}), "
                f".PLACES({places}), .RANDOM({int(self.random)}), .COPY({int(self.copy)}), "
                f".ADDRESS(40'd{base + i * self.spacing}), .SEED({7919 * i + 1})) port{i} "
                f"(.clk(clk), .rst(rst), {pins});"
            )
        tied = ["awready", "wready", "bvalid", "arready", "rvalid", "rdata"]
        text = [
            PORT.format(ports=self._declared(SIGNALS, "")),
            "module top(input clk, input rst,",
            ",\n".join([CONTROL, *tops]) + ");",
            "  assign " + ", ".join(f"s_axil_{name} = 0" for name in tied) + ";",
            *instances,
            "endmodule\n",
        ]
        path = folder / "top.v"
        path.write_text("\n".join(text))
        return path

    def _declared(self, signals: tuple[tuple[str, int, str], ...], prefix: str) -> str:
        widths = {0: self.width, -8: self.width // 8}
        return ",\n".join(
            f"    {direction} [{widths.get(bits, bits) - 1}:0] {prefix}{name}"
            for direction, bits, name in signals
        )
