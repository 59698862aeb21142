//! The golden schemas: what every protocol promises, generated from the code and compared in CI.

use std::path::Path;

use crate::domain::event::EventType;
use crate::protocols::documents::Documents;
use crate::protocols::graphql;

/// The server's address in the golden copies.
const ADDRESS: &str = "http://localhost:8080";

/// Writes every schema into the folder `out`.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn write(out: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("schema.graphql"), graphql::sdl())?;
    std::fs::write(out.join("subgraph.graphql"), graphql::federation_sdl())?;
    let documents = Documents::new().map_err(std::io::Error::other)?;
    for (name, text) in documents.files(ADDRESS) {
        std::fs::write(out.join(name), text)?;
    }
    std::fs::write(out.join("events.md"), events())
}

/// The one list of events.
fn events() -> String {
    let mut text = String::from("# Events\n\n| type | topic | when |\n|---|---|---|\n");
    for kind in EventType::ALL {
        text.push_str(&format!("| `{kind}` | `{}` | {} |\n", kind.collection(), kind.description()));
    }
    text
}
