"""The trade's shared words of transport: how goods travel, on which terms, and which of them are dangerous."""

from enum import StrEnum
from typing import Final


class ServiceMode(StrEnum):
    """What a provider's service does."""

    EXPRESS = "EXPRESS"
    """Parcels from door to door."""
    AIR = "AIR"
    """Air freight."""
    SEA_FCL = "SEA_FCL"
    """Sea freight by whole containers."""
    SEA_LCL = "SEA_LCL"
    """Sea freight in shared containers."""
    RAIL = "RAIL"
    """Rail freight."""
    TRUCK = "TRUCK"
    """Road freight."""
    WAREHOUSING = "WAREHOUSING"
    """Storage and handling."""
    CUSTOMS = "CUSTOMS"
    """Customs clearance."""
    INSTALLATION = "INSTALLATION"
    """Installing machines at the buyer's."""
    REPAIR = "REPAIR"
    """Repairing and maintaining machines."""
    INSPECTION = "INSPECTION"
    """Inspecting goods before they leave or after they came."""


TRANSPORT: Final = frozenset(
    {
        ServiceMode.EXPRESS,
        ServiceMode.AIR,
        ServiceMode.SEA_FCL,
        ServiceMode.SEA_LCL,
        ServiceMode.RAIL,
        ServiceMode.TRUCK,
    }
)
"""Modes that move goods along a lane; the others are done at a place."""


class Incoterm(StrEnum):
    """Who arranges and bears what: the eleven rules of Incoterms 2020."""

    EXW = "EXW"
    """Ex works: the buyer fetches the goods."""
    FCA = "FCA"
    """Free carrier: handed to the buyer's carrier."""
    CPT = "CPT"
    """Carriage paid to the named place; risk passes at the first carrier."""
    CIP = "CIP"
    """Carriage and insurance paid to the named place."""
    DAP = "DAP"
    """Delivered at the place, not unloaded, duties unpaid."""
    DPU = "DPU"
    """Delivered at the place, unloaded, duties unpaid."""
    DDP = "DDP"
    """Delivered at the place, duties paid."""
    FAS = "FAS"
    """Free alongside ship (sea and inland waterway)."""
    FOB = "FOB"
    """Free on board (sea and inland waterway)."""
    CFR = "CFR"
    """Cost and freight to the named port (sea and inland waterway)."""
    CIF = "CIF"
    """Cost, insurance and freight to the named port (sea and inland waterway)."""


class DangerousGoodsClass(StrEnum):
    """The nine classes of dangerous goods (UN Model Regulations)."""

    CLASS_1 = "CLASS_1"
    """Explosives."""
    CLASS_2 = "CLASS_2"
    """Gases."""
    CLASS_3 = "CLASS_3"
    """Flammable liquids."""
    CLASS_4 = "CLASS_4"
    """Flammable solids."""
    CLASS_5 = "CLASS_5"
    """Oxidising substances and organic peroxides."""
    CLASS_6 = "CLASS_6"
    """Toxic and infectious substances."""
    CLASS_7 = "CLASS_7"
    """Radioactive material."""
    CLASS_8 = "CLASS_8"
    """Corrosive substances."""
    CLASS_9 = "CLASS_9"
    """Miscellaneous dangerous goods, lithium batteries among them."""
