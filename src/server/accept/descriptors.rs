//! How many files and sockets this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::domain::{Error, Result};

/// What is needed besides connections of clients: the database, logs, webhooks under way.
const RESERVE: usize = 512;

/// Least connections that a server is worth starting for.
const LEAST: usize = 64;

/// Raises the limit of open files to what `connections` need, as far as this is allowed. Returns how many connections
/// there is room for: a limit that is noticed at the start and not in the middle of the busiest hour.
///
/// # Errors
/// [`Error::Unavailable`] when there is room for hardly any.
pub fn raise(connections: usize) -> Result<usize> {
    let wanted = (connections + RESERVE) as u64;
    let found = getrlimit(Resource::Nofile);
    let allowed = found.maximum.map_or(wanted, |most| most.min(wanted));
    // Without a limit there is nothing to raise.
    let mut current = found.current.unwrap_or(u64::MAX);
    if current < allowed {
        let raised = Rlimit { current: Some(allowed), maximum: found.maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => current = allowed,
            Err(error) => tracing::warn!(%error, current, "the limit of open files cannot be raised"),
        }
    }
    let room = room(current, connections)?;
    if room < connections {
        tracing::warn!(
            open_files = current,
            connections = room,
            "the limit of open files (ulimit -n) leaves room for fewer than server.max_connections"
        );
    }
    Ok(room)
}

fn room(open_files: u64, connections: usize) -> Result<usize> {
    let open_files = usize::try_from(open_files).unwrap_or(usize::MAX);
    // Where there is little, a part of it is kept back.
    let room = open_files - RESERVE.min(open_files / 2);
    if room < LEAST.min(connections) {
        return Err(Error::unavailable(format!(
            "the limit of open files (ulimit -n) is {open_files}; it must be at least {}",
            LEAST * 2
        )));
    }
    Ok(room.min(connections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_get_what_the_rest_leaves() {
        assert_eq!(room(65_536, 20_000).unwrap(), 20_000);
        assert_eq!(room(4_096, 20_000).unwrap(), 3_584);
        assert_eq!(room(256, 20_000).unwrap(), 128);
        assert!(room(100, 20_000).is_err());
        assert_eq!(room(100, 10).unwrap(), 10);
        assert_eq!(raise(10).unwrap(), 10);
    }
}
