//! Leases: who may write, until when. Taking one is a single statement, so two takers never both win.

use model::Moment;
use sqlx::query;

use crate::work::Work;
use crate::{StoreError, queries};

pub(crate) async fn take(work: &mut Work<'_>, name: &str, holder: &str, now: Moment, until: Moment) -> Result<bool, StoreError> {
    let take = query(queries::TAKE_LEASE).bind(name.to_owned()).bind(holder.to_owned()).bind(now.micros()).bind(until.micros());
    Ok(work.execute(take).await? == 1)
}

pub(crate) async fn release(work: &mut Work<'_>, name: &str, holder: &str) -> Result<(), StoreError> {
    work.execute(query(queries::RELEASE_LEASE).bind(name.to_owned()).bind(holder.to_owned())).await?;
    Ok(())
}
