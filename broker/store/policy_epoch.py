"""The number that grows with every change of what live sessions rest on."""

from sqlalchemy import update

from broker.model.ids import TenantId
from broker.store.schema.policy import POLICY_EPOCH
from broker.store.statements import Statements


async def bump_epoch(statements: Statements, tenant_id: TenantId) -> None:
    """To be called in the transaction of the change, by whatever changes such a row."""
    await statements.add_if_new(POLICY_EPOCH, {"tenant_id": tenant_id, "number": 0})
    mine = POLICY_EPOCH.c.tenant_id == tenant_id
    await statements.run(update(POLICY_EPOCH).where(mine).values(number=POLICY_EPOCH.c.number + 1))
