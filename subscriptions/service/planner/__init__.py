"""The planner: plans what is due, and previews what would come."""

from subscriptions.service.planner.due_preview import NotDue as NotDue
from subscriptions.service.planner.due_preview import Preview as Preview
from subscriptions.service.planner.due_preview import preview as preview
from subscriptions.service.planner.plan import chats_due_too_far as chats_due_too_far
from subscriptions.service.planner.plan import move_far_moments as move_far_moments
from subscriptions.service.planner.plan import plan_due as plan_due
from subscriptions.service.planner.plan import plan_slices as plan_slices
from subscriptions.service.planner.plan import planned_slices as planned_slices
from subscriptions.service.planner.previews import Batch as Batch
from subscriptions.service.planner.previews import TrialResult as TrialResult
from subscriptions.service.planner.previews import newest_batch as newest_batch
from subscriptions.service.planner.previews import preview_recent as preview_recent
from subscriptions.service.planner.query_file import remove_query_file as remove_query_file
