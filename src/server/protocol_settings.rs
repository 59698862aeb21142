//! The settings of the protocols, from the settings of the server.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use crate::config::{Profile, Settings};
use crate::domain::Result;
use crate::protocols::edge::Rate;
use crate::protocols::link::PulseSettings;
use crate::protocols::upgrade::SocketLimits;
use crate::protocols::{echo, graphql, pages, socketio, sse, websocket};

pub(super) fn rate(number: u32, of_s: u64, burst: u32) -> Rate {
    Rate {
        period: Duration::from_secs(of_s) / number.max(1),
        burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
    }
}

pub(super) fn echo_settings(settings: &Settings) -> echo::EchoSettings {
    let own = &settings.echo;
    echo::EchoSettings {
        max_message_bytes: own.max_message_bytes,
        messages: rate(own.messages_per_s, 1, own.messages_burst),
        max_events: own.max_events,
        max_interval: Duration::from_millis(own.max_interval_ms),
        max_hooks: own.max_hooks,
        hook_requests: own.hook_requests,
        hooks_bytes: own.hooks_bytes,
        ping_interval: Duration::from_millis(settings.websocket.ping_interval_ms),
        write_timeout: Duration::from_millis(settings.websocket.write_timeout_ms),
    }
}

pub(super) fn sse_settings(settings: &Settings) -> sse::SseSettings {
    let own = &settings.sse;
    sse::SseSettings {
        keep_alive: Duration::from_millis(own.keep_alive_ms),
        retry: Duration::from_millis(own.retry_ms),
        write_timeout: Duration::from_millis(settings.server.write_timeout_ms),
    }
}

pub(super) fn websocket_settings(settings: &Settings) -> websocket::WebSocketSettings {
    let own = &settings.websocket;
    websocket::WebSocketSettings {
        limits: SocketLimits {
            max_message_bytes: own.max_frame_bytes,
            read_buffer_bytes: own.read_buffer_bytes,
            deflate: own.deflate,
        },
        max_subscriptions: own.max_subscriptions,
        pulse: PulseSettings {
            ping_interval: Duration::from_millis(own.ping_interval_ms),
            pong_timeout: Duration::from_millis(own.pong_timeout_ms),
            write_timeout: Duration::from_millis(own.write_timeout_ms),
        },
    }
}

pub(super) fn socketio_settings(settings: &Settings) -> socketio::SocketIoSettings {
    let own = &settings.socketio;
    socketio::SocketIoSettings {
        ping_interval: Duration::from_millis(own.ping_interval_ms),
        ping_timeout: Duration::from_millis(own.ping_timeout_ms),
        connect_timeout: Duration::from_millis(own.connect_timeout_ms),
        max_payload_bytes: own.max_payload_bytes,
        max_buffered_packets: own.max_buffered_packets,
        max_subscriptions: own.max_subscriptions,
        max_joined: settings.chat.max_joined,
        stall_timeout: Duration::from_millis(own.stall_timeout_ms),
        request_timeout: Duration::from_millis(settings.server.request_timeout_ms),
        echo: settings.echo.enabled.then(|| echo_settings(settings).messages),
        judged: settings.server.profile == Profile::Conformance,
    }
}

pub(super) fn graphql_settings(settings: &Settings) -> Result<graphql::GraphQlSettings> {
    let own = &settings.graphql;
    let list = (!own.allow_list.is_empty()).then(|| Path::new(&own.allow_list));
    Ok(graphql::GraphQlSettings {
        max_streams: own.max_streams,
        max_aliases: own.max_aliases,
        max_directives: own.max_directives,
        timeout_ms: own.timeout_ms,
        documents: graphql::Documents::open(own.persisted_queries, list)?,
        max_depth: own.max_depth,
        max_complexity: own.max_complexity,
        max_subscriptions: own.max_subscriptions,
        init_timeout_ms: own.init_timeout_ms,
        introspection: own.introspection,
        page: own.graphiql.then_some(pages::graphiql),
        max_body_bytes: settings.server.max_body_bytes,
        socket: SocketLimits { deflate: false, ..websocket_settings(settings).limits },
        pulse: websocket_settings(settings).pulse,
        keep_alive_ms: settings.sse.keep_alive_ms,
    })
}
