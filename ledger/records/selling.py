"""The last hand: sale to whoever eats it."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import Kind, goods
from ledger.records.shapes import Choice, Field, Text

SELL = Kind(
    "sell",
    "销售",
    "sale",
    "卖给最后吃它的人时写，可以一天一批合成一条；卖给同行用发货",
    "when it is sold to whoever eats it, one record a day for a batch; use shipment for the trade",
    "selling",
    (
        goods("货物", "goods", "卖出的每个批次和数量", "each batch sold, and how much"),
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
            "在哪里卖的",
            "where it was sold",
            required=True,
        ),
        Field("order_no", Text(60), "订单号", "order no.", "网店平台上的订单号", "the order's number on the platform", audience="trade"),
        Field("buyer", Text(120), "购买者", "buyer", "单位购买的写名称，召回时好联系；散客不填", "for firms and canteens, so that a recall reaches them; empty for passers-by", audience="regulator"),
        Field("price", Text(40), "价格", "price", "卖了多少钱，只有您自己能看到", "what it fetched; only you can read it", audience="owner"),
    ),
    cbv="retail_selling",
)  # fmt: skip
KINDS = (SELL,)
