//! Settings of GraphQL.

use serde::Deserialize;

/// `[graphql]`: GraphQL, /v1/graphql.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphQlSettings {
    /// Deepest nesting of a query.
    pub max_depth: usize,
    /// Highest complexity of a query: its fields, those of a list once for every five items, and 5 for each look-up.
    pub max_complexity: usize,
    /// Aliases in a document.
    pub max_aliases: usize,
    /// Directives in a document.
    pub max_directives: usize,
    /// Longest time for the execution of a query or a mutation, milliseconds.
    pub timeout_ms: u64,
    /// Documents that clients may register by their hash; 0: none.
    pub persisted_queries: usize,
    /// A file with the only documents that may be run; empty: any.
    pub allow_list: String,
    /// Subscriptions on one connection.
    pub max_subscriptions: usize,
    /// Event streams of the single connection mode that are reserved or open.
    pub max_streams: usize,
    /// How long a client may take to send `connection_init`, or to open a stream that it reserved, milliseconds.
    pub init_timeout_ms: u64,
    /// Whether a client may query the schema.
    pub introspection: bool,
    /// Whether a browser that opens the path gets the `GraphiQL` page.
    pub graphiql: bool,
}
