# SPDX-License-Identifier: Apache-2.0
"""Traffic of a device since an earlier look."""

from dataclasses import fields

from streamhw.runtime.device import Traffic


def test_traffic_since_an_earlier_look() -> None:
    names = [field.name for field in fields(Traffic)]
    late = Traffic(**{name: 10 * n for n, name in enumerate(names)})
    early = Traffic(**{name: n for n, name in enumerate(names)})
    assert late - early == Traffic(**{name: 9 * n for n, name in enumerate(names)})
    assert early - early == Traffic(read_bytes=0, write_bytes=0)
