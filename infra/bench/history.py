"""A delivery history of any length, for measuring `run import deliveries`.

    python -m infra.bench.history LINES FILE.csv

It has the columns, words and proportions of the real one: ten thousand lines of it hold some six thousand orders and
seven thousand shipments, the lines of an order lie up to thousands of rows apart, a tenth of them is late. The same
length gives the same file.
"""

import csv
import random
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

HEADER: Final = (
    "ID,Project Code,PQ #,PO / SO #,ASN/DN #,Country,Managed By,Fulfill Via,Vendor INCO Term,Shipment Mode,"
    "PQ First Sent to Client Date,PO Sent to Vendor Date,Scheduled Delivery Date,Delivered to Client Date,"
    "Delivery Recorded Date,Product Group,Sub Classification,Vendor,Item Description,Molecule/Test Type,Brand,Dosage,"
    "Dosage Form,Unit of Measure (Per Pack),Line Item Quantity,Line Item Value,Pack Price,Unit Price,"
    "Manufacturing Site,First Line Designation,Weight (Kilograms),Freight Cost (USD),Line Item Insurance (USD)"
).split(",")
COUNTRIES: Final = ("South Africa", "Nigeria", "Côte d'Ivoire", "Uganda", "Vietnam", "Zambia", "Haiti", "Mozambique")
MODES: Final = ("Air", "Truck", "Air Charter", "Ocean", "N/A")
MODE_WEIGHTS: Final = (61, 28, 6, 4, 1)
FIRST_DAY: Final = date(2006, 5, 2)
DAYS: Final = 3_400
OPEN_ORDERS: Final = 2_000
"""Orders whose lines are still to come while others are written: how far apart lines of one order may lie."""
NEW_ORDER_SHARE: Final = 0.6
NEW_SHIPMENT_SHARE: Final = 0.12
LATE_SHARE: Final = 0.115


class Order:
    """An order that is being written: what its lines share."""

    def __init__(self, number: int, dice: random.Random) -> None:
        self.number = f"PO-{number}"
        self.country = dice.randrange(len(COUNTRIES))
        self.buyer = f"{100 + self.country}-{dice.randrange(18):02}-T30"
        self.vendor = f"Vendor {dice.randrange(73)}"
        self.mode = dice.choices(MODES, MODE_WEIGHTS)[0]
        self.promised = FIRST_DAY + timedelta(days=dice.randrange(DAYS))
        self.bought = self.promised - timedelta(days=dice.randrange(20, 160))
        self.is_known = dice.random() < 0.45
        self.shipments = 0
        self.ship(dice)

    def ship(self, dice: random.Random) -> None:
        """The next lines leave in another shipment."""
        self.shipments += 1
        late = dice.random() < LATE_SHARE
        self.delivered = self.promised + timedelta(days=dice.randrange(1, 40) if late else -dice.randrange(30))


def rows(lines: int) -> Iterator[list[str]]:
    """The rows of a history of that many lines."""
    dice = random.Random(lines)  # noqa: S311 -- the same file for the same length, not a secret
    orders: list[Order] = []
    for line in range(1, lines + 1):
        if not orders or dice.random() < NEW_ORDER_SHARE:
            orders.append(Order(line, dice))
            if len(orders) > OPEN_ORDERS:
                orders.pop(0)
            order = orders[-1]
        else:
            order = dice.choice(orders)
            if dice.random() < NEW_SHIPMENT_SHARE:
                order.ship(dice)
        yield row(line, order, dice)


def row(line: int, order: Order, dice: random.Random) -> list[str]:
    """One line of the order."""
    delivered = order.delivered.strftime("%d-%b-%y")
    value = f"{dice.randrange(10_000_000) / 100:.2f}"
    measured = dice.random() < 0.6
    told = {
        "ID": str(line),
        "Project Code": order.buyer,
        "PQ #": "Pre-PQ Process",
        "PO / SO #": order.number,
        "ASN/DN #": f"ASN-{order.number}-{order.shipments}",
        "Country": COUNTRIES[order.country],
        "Managed By": "PMO - US",
        "Fulfill Via": "Direct Drop",
        "Vendor INCO Term": "EXW",
        "Shipment Mode": order.mode,
        "PQ First Sent to Client Date": "Pre-PQ Process",
        "PO Sent to Vendor Date": order.bought.strftime("%m/%d/%Y") if order.is_known else "N/A - From RDC",
        "Scheduled Delivery Date": order.promised.strftime("%d-%b-%y"),
        "Delivered to Client Date": delivered,
        "Delivery Recorded Date": delivered,
        "Product Group": "ARV",
        "Sub Classification": "Adult",
        "Vendor": order.vendor,
        "Item Description": "Lamivudine/Nevirapine/Zidovudine 150/200/300mg, tablets, 60 Tabs",
        "Molecule/Test Type": "Lamivudine/Nevirapine/Zidovudine",
        "Brand": "Generic",
        "Dosage": "150/200/300mg",
        "Dosage Form": "Tablet - FDC",
        "Unit of Measure (Per Pack)": "60",
        "Line Item Quantity": str(dice.randrange(1, 50_000)),
        "Line Item Value": value,
        "Pack Price": "32",
        "Unit Price": "0.04",
        "Manufacturing Site": "Aurobindo Unit III, India",
        "First Line Designation": "Yes",
        "Weight (Kilograms)": str(dice.randrange(1, 9_000)) if measured else f"See DN-{line} (ID#:{line})",
        "Freight Cost (USD)": f"{dice.randrange(2_000_000) / 100:.2f}" if measured else "Invoiced Separately",
        "Line Item Insurance (USD)": "",
    }
    return [told[name] for name in HEADER]


def write(lines: int, path: Path) -> None:
    """The file holds a history of that many lines."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(lines))


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
