//! Raw clicks, newest first.

use super::condition::{push_moment, push_where};
use super::connection::ClickStore;
use super::question::{Parameter, Question};
use super::row::{EVENT_COLUMNS, EventRow};
use crate::infra::click_store::{ClickStoreError, Event, EventPosition, Selection};

impl ClickStore {
    /// At most `limit` of the selected clicks, newest first, those after `after` in that order.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn events(
        &self,
        selection: &Selection,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Vec<Event>, ClickStoreError> {
        let mut question = Question::new(format!("SELECT {EVENT_COLUMNS} FROM clicks"));
        push_where(&mut question, &selection.up_to(after));
        if let Some(after) = after {
            push_moment(question.push(" AND (at, journal_id, position) < ("), after.at.as_micros());
            question.push(", ").push_value(Parameter::Number(after.journal_id.as_u64().cast_signed()));
            question.push(", ").push_value(Parameter::Number(after.position.cast_signed())).push(")");
        }
        question.push(&format!(" ORDER BY at DESC, journal_id DESC, position DESC LIMIT {limit}"));
        question.ask::<EventRow>(self).await?.into_iter().map(EventRow::into_event).collect()
    }
}
