"""What operators do and see: copies of the database, status."""

from subscriptions.service.operations.at_work import SILENT_AFTER as SILENT_AFTER
from subscriptions.service.operations.at_work import Backlog as Backlog
from subscriptions.service.operations.at_work import WorkerAtWork as WorkerAtWork
from subscriptions.service.operations.at_work import backlog as backlog
from subscriptions.service.operations.at_work import election as election
from subscriptions.service.operations.at_work import terms as terms
from subscriptions.service.operations.at_work import workers_at_work as workers_at_work
from subscriptions.service.operations.backups import Restored as Restored
from subscriptions.service.operations.backups import look_for_copy as look_for_copy
from subscriptions.service.operations.backups import restore as restore
from subscriptions.service.operations.chat_status import Health as Health
from subscriptions.service.operations.chat_status import Status as Status
from subscriptions.service.operations.chat_status import expectations as expectations
from subscriptions.service.operations.chat_status import health as health
from subscriptions.service.operations.chat_status import last_days as last_days
from subscriptions.service.operations.chat_status import next_deliveries_of as next_deliveries_of
from subscriptions.service.operations.chat_status import next_deliveries_to as next_deliveries_to
from subscriptions.service.operations.chat_status import papers_of_day as papers_of_day
from subscriptions.service.operations.chat_status import status as status
from subscriptions.service.operations.copying import copy_database as copy_database
from subscriptions.service.operations.figures import Figures as Figures
from subscriptions.service.operations.figures import SourceFigures as SourceFigures
from subscriptions.service.operations.figures import figures as figures
from subscriptions.service.operations.figures import room_of as room_of
from subscriptions.store.outbox.figures import OutboxFigures as OutboxFigures
