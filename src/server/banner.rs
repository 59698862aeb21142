//! What is where, printed at start.

use super::Server;
use crate::config::{AuthMode, Seed};

/// A line for each protocol with its address.
pub(super) fn table(server: &Server) -> String {
    let http = &server.settings.server.public_url;
    let ws = http.replacen("http", "ws", 1);
    let mut lines = vec![
        format!("  web demo    {http}/"),
        format!("  REST        {http}/v1/pets"),
        format!("  GraphQL     {http}/v1/graphql        (queries, subscriptions, GraphiQL)"),
        format!("  SSE         {http}/v1/events?topics=pets"),
        format!("  WebSocket   {ws}/v1/ws"),
        format!("  Socket.IO   {http}/socket.io/"),
        format!("  webhooks    {http}/v1/webhook-endpoints"),
        format!("  OAuth2      {http}/.well-known/oauth-authorization-server"),
        format!("  health      {http}/healthz  /readyz  /metrics"),
    ];
    if server.settings.server.seed == Seed::Demo {
        lines.push("  demo users  admin, staff, alice, bob; password petstore-demo".to_owned());
    }
    if server.settings.auth.mode == AuthMode::Open {
        lines.push(
            "  WARNING     --auth open: ANY bearer text is taken for staff. Never do this in public."
                .to_owned(),
        );
    }
    if let Some(password) = &server.first_admin_password {
        lines.push(format!("  first user  admin, password {password} (shown this once)"));
    }
    lines.join("\n")
}
