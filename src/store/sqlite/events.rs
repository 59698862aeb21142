//! The event log.

use uuid::Uuid;

use super::link::{Link, Statement};
use super::row::{Fields, Row, Value};
use crate::domain::event::Key;
use crate::domain::{Epoch, Error, Event, EventId, EventType, Position, Result, Seq, Tenant, Timestamp};
use crate::store::LogBounds;
use crate::wire::event::{data_from_json, data_to_json};

/// What [`read`] needs.
pub(super) const COLUMNS: &str =
    "events.seq, events.id, events.tenant, events.occurred_at, events.type, events.data";

/// One event; its place is in `epoch`.
pub(super) fn read(fields: &mut Fields<'_>, epoch: Epoch) -> Result<Event> {
    let position = Position { epoch, seq: fields.seq()? };
    let (id, tenant) = (EventId(fields.take()?), Tenant::from_uuid(fields.take()?));
    let occurred_at = fields.time()?;
    let kind = fields.named(EventType::from_name)?;
    let data = data_from_json(kind, fields.take()?)?;
    Ok(Event { id, position, tenant, occurred_at, kind, data })
}

/// Queues the rows of `events`, each by a statement of its own: SQLite keeps a journal for one of many rows.
pub(super) async fn append(link: &mut Link<'_>, events: &[Event]) -> Result<()> {
    for event in events {
        let insert = Statement::write(
            "INSERT INTO events (seq, id, tenant, occurred_at, type, collection, owner, resource, data) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind_all([
            event.position.seq.into(),
            event.id.0.into(),
            event.tenant.as_uuid().into(),
            event.occurred_at.into(),
            event.kind.name().into(),
            event.kind.collection().name().into(),
            event.owner().map(|owner| owner.0).into(),
            event.resource().into(),
            data_to_json(&event.data).into(),
        ]);
        link.queue(insert).await?;
    }
    Ok(())
}

/// Where the log begins and ends. What is kept below the floor for a delivery is not part of it.
pub(super) async fn bounds(link: &mut Link<'_>) -> Result<LogBounds> {
    let select = Statement::read(
        "SELECT epoch, floor, max(floor, ifnull((SELECT max(seq) FROM events), 0)) FROM meta",
    );
    let bounds = link.row(select, |row| {
        let mut fields = Fields::of(row);
        Ok(LogBounds { epoch: Epoch(fields.int()?), floor: fields.seq()?, head: fields.seq()? })
    });
    bounds.await?.ok_or_else(no_meta)
}

/// The row of table `meta` is gone.
pub(super) fn no_meta() -> Error {
    Error::unavailable("the row of table meta is missing")
}

/// The first `limit` events with `after < seq <= upto` that belong to any of `keys` (or to anyone, without keys), in
/// order, each once.
///
/// # Errors
/// [`Error::CursorExpired`] when, with keys, the log begins after `after`: a purge that came in between must not make a
/// silent gap.
pub(super) async fn page(
    link: &mut Link<'_>,
    epoch: Epoch,
    keys: &[Key],
    (after, upto): (Seq, Seq),
    limit: u32,
) -> Result<Vec<Event>> {
    let mut values: Vec<Value> = Vec::with_capacity(keys.len() * 6 + 3);
    let chosen = if keys.is_empty() {
        values.extend([after.into(), upto.into()]);
        "seq > ? AND seq <= ?".to_owned()
    } else {
        // One range of one index for each key, cut to the page before they meet: an OR would read all of their rows.
        let ranges: Vec<String> =
            keys.iter().map(|key| range(key, &mut values, (after, upto), limit)).collect();
        format!("seq IN ({})", ranges.join(" UNION "))
    };
    // The floor comes first, in a row of its own: from the same snapshot, and also when there is no event.
    let select = Statement::read(format!(
        "SELECT floor, NULL, NULL, NULL, NULL, NULL FROM meta UNION ALL \
         SELECT * FROM (SELECT {COLUMNS} FROM events WHERE {chosen} ORDER BY seq LIMIT ?)"
    ));
    let rows = link.rows(select.bind_all(values).bind(limit)).await?;
    let Some((first, rows)) = rows.split_first() else { return Err(no_meta()) };
    if !keys.is_empty() && after < Fields::of(first).seq()? {
        return Err(Error::CursorExpired);
    }
    rows.iter().map(|row| read(&mut Fields::of(row), epoch)).collect()
}

fn range(key: &Key, values: &mut Vec<Value>, (after, upto): (Seq, Seq), limit: u32) -> String {
    let (tenant, collection, column, id): (_, _, _, Option<Uuid>) = match *key {
        Key::Collection(tenant, collection) => (tenant, collection, "", None),
        Key::Owner(tenant, collection, owner) => (tenant, collection, "AND owner = ? ", Some(owner.0)),
        Key::Resource(tenant, collection, id) => (tenant, collection, "AND resource = ? ", Some(id)),
    };
    values.extend([tenant.as_uuid().into(), collection.name().into()]);
    values.extend(id.map(Value::from));
    values.extend([after.into(), upto.into(), limit.into()]);
    format!(
        "SELECT seq FROM (SELECT seq FROM events WHERE tenant = ? AND collection = ? {column}\
         AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?)"
    )
}

/// Raises the floor past the next events that occurred before `before`, `limit` of them at most and none that was not
/// dispatched, and deletes those that no pending delivery needs; the others go with their last delivery (a trigger).
/// Returns how many events it went past.
pub(super) async fn purge(link: &mut Link<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    // A run without holes: a clock that was set back must not make the floor jump over younger events.
    let select = Statement::read(
        "WITH oldest AS (SELECT seq, occurred_at FROM events WHERE seq > (SELECT floor FROM meta) \
         AND seq <= (SELECT dispatched FROM meta) ORDER BY seq LIMIT ?) \
         SELECT floor, ifnull((SELECT min(seq) - 1 FROM oldest WHERE occurred_at >= ?), \
         ifnull((SELECT max(seq) FROM oldest), floor)) FROM meta",
    );
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok((fields.seq()?, fields.seq()?))
    };
    let (old, new) = link.row(select.bind(limit).bind(before), read).await?.ok_or_else(no_meta)?;
    if new <= old {
        return Ok(0);
    }
    link.queue(Statement::write("UPDATE meta SET floor = ?").bind(new)).await?;
    let delete = Statement::write(
        "DELETE FROM events WHERE seq > ? AND seq <= ? AND NOT EXISTS \
         (SELECT 1 FROM deliveries WHERE event_seq = events.seq AND status = 'PENDING') AND NOT EXISTS \
         (SELECT 1 FROM deliveries WHERE event_seq = events.seq AND status = 'DEAD_LETTER')",
    );
    link.queue(delete.bind(old).bind(new)).await?;
    Ok(new.0 - old.0)
}
