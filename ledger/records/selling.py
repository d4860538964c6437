"""The last hand: sale to whoever eats it."""

from ledger.records.kind import GOODS, Kind
from ledger.records.shapes import Choice, Field, Text

SELL = Kind(
    "sell",
    "销售",
    "sale",
    "selling",
    (
        GOODS,
        Field(
            "channel",
            Choice(
                {
                    "stall": ("摊位", "stall"),
                    "shop": ("门店", "shop"),
                    "online": ("网店", "online"),
                    "canteen": ("食堂", "canteen"),
                    "other": ("其他", "other"),
                }
            ),
            "渠道",
            "channel",
            required=True,
        ),
        Field("order_no", Text(60), "订单号", "order no.", audience="trade"),
        Field("buyer", Text(120), "购买者", "buyer", audience="regulator"),
        Field("price", Text(40), "价格", "price", audience="owner"),
    ),
    cbv="retail_selling",
)
KINDS = (SELL,)
