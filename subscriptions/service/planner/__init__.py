"""The planner: what is due, what would come."""

from subscriptions.service.planner.plan import plan_due as plan_due
from subscriptions.service.planner.previews import NotDue as NotDue
from subscriptions.service.planner.previews import Preview as Preview
from subscriptions.service.planner.previews import preview as preview
from subscriptions.service.planner.trials import Batch as Batch
from subscriptions.service.planner.trials import TrialResult as TrialResult
from subscriptions.service.planner.trials import newest_batch as newest_batch
from subscriptions.service.planner.trials import would_come as would_come
