"""The one table of operations: routes, OpenAPI and the admin socket are made from it."""

from typing import Final

from web.api.admin_accounts import ACCOUNT_OPERATIONS
from web.api.admin_approvals import APPROVAL_OPERATIONS
from web.api.admin_changes import CHANGE_OPERATIONS
from web.api.admin_devices import DEVICE_OPERATIONS
from web.api.admin_directory import DIRECTORY_OPERATIONS
from web.api.admin_directory_servers import DIRECTORY_SERVER_OPERATIONS
from web.api.admin_factors import FACTOR_OPERATIONS
from web.api.admin_flows import FLOW_OPERATIONS
from web.api.admin_keys import KEY_OPERATIONS
from web.api.admin_locks import LOCK_OPERATIONS
from web.api.admin_mapping import MAPPING_OPERATIONS
from web.api.admin_passkeys import PASSKEY_OPERATIONS
from web.api.admin_people import PEOPLE_OPERATIONS
from web.api.admin_person import PERSON_OPERATIONS
from web.api.admin_policy import POLICY_OPERATIONS
from web.api.admin_pools import POOL_OPERATIONS
from web.api.admin_sessions import SESSION_OPERATIONS
from web.api.consents import CONSENT_OPERATIONS
from web.api.operation import Operation
from web.api.passwords import PASSWORD_OPERATIONS
from web.api.staff import STAFF_OPERATIONS

OPERATIONS: Final[tuple[Operation, ...]] = (
    *STAFF_OPERATIONS,
    *POOL_OPERATIONS,
    *SESSION_OPERATIONS,
    *PEOPLE_OPERATIONS,
    *FACTOR_OPERATIONS,
    *PASSKEY_OPERATIONS,
    *ACCOUNT_OPERATIONS,
    *PERSON_OPERATIONS,
    *LOCK_OPERATIONS,
    *POLICY_OPERATIONS,
    *APPROVAL_OPERATIONS,
    *CHANGE_OPERATIONS,
    *DEVICE_OPERATIONS,
    *DIRECTORY_OPERATIONS,
    *FLOW_OPERATIONS,
    *CONSENT_OPERATIONS,
    *PASSWORD_OPERATIONS,
    *DIRECTORY_SERVER_OPERATIONS,
    *MAPPING_OPERATIONS,
    *KEY_OPERATIONS,
)
