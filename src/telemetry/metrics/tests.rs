use super::*;

fn metrics() -> Metrics {
    Metrics::new(Tasks::new())
}

#[test]
fn every_number_is_rendered_with_its_labels() {
    let metrics = metrics();
    metrics.request("rest", &http::Method::POST, "/v1/orders", 201, Duration::from_millis(3));
    metrics.event_published("order.created");
    metrics.delivery("succeeded");
    metrics.commit(Duration::from_micros(900), 7);
    metrics.limit_hit("feed.max_topics");
    let sse = metrics.channel(Channel::Sse);
    sse.delivered(5);
    sse.lagged();
    let (_connection, _subscription, _socket) = (sse.connection(), sse.subscription(), metrics.socket());
    let text = metrics.clone().render();
    for line in [
        r#"petstore_http_requests_total{protocol="rest",method="POST",route="/v1/orders",status="201"} 1"#,
        r#"petstore_http_request_duration_seconds_count{protocol="rest",method="POST",route="/v1/orders"} 1"#,
        r#"petstore_connections{channel="sse"} 1"#,
        r#"petstore_connections{channel="poll"} 0"#,
        r#"petstore_subscriptions{channel="sse"} 1"#,
        "petstore_open_sockets 1",
        r#"petstore_events_published_total{type="order.created"} 1"#,
        r#"petstore_events_delivered_total{channel="sse"} 5"#,
        r#"petstore_events_lagged_total{channel="sse"} 1"#,
        r#"petstore_events_lagged_total{channel="graphql"} 0"#,
        r#"petstore_webhook_deliveries_total{outcome="succeeded"} 1"#,
        "petstore_commit_duration_seconds_count 1",
        "petstore_commit_writes_sum 7.0",
        r#"petstore_limit_hits_total{limit="feed.max_topics"} 1"#,
        "petstore_task_panics_total 0",
        "petstore_task_early_ends_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(metrics.limit_hits("feed.max_topics"), 1);
    assert_eq!(metrics.limit_hits("never"), 0);
}

#[test]
fn guards_count_down_and_channels_are_apart() {
    let metrics = metrics();
    for channel in Channel::ALL {
        let handle = metrics.channel(channel);
        let guards = (handle.connection(), handle.subscription());
        assert_eq!((handle.connections(), handle.subscriptions()), (1, 1), "{channel:?}");
        drop(guards);
        assert_eq!((handle.connections(), handle.subscriptions()), (0, 0), "{channel:?}");
        handle.delivered(2);
        assert_eq!((handle.delivered_total(), handle.lagged_total()), (2, 0));
    }
}

#[test]
fn servers_in_one_process_do_not_share_numbers() {
    let (one, other) = (metrics(), metrics());
    one.limit_hit("store.write_queue");
    assert_eq!(other.limit_hits("store.write_queue"), 0);
}

#[test]
fn a_client_cannot_make_labels() {
    let odd = http::Method::from_bytes(b"BREW").unwrap();
    assert_eq!(method_label(&odd), "OTHER");
    assert_eq!(method_label(&http::Method::from_bytes(b"QUERY").unwrap()), "QUERY");
}

#[test]
fn the_process_is_measured() {
    let text = metrics().render();
    let value = |name: &str| -> i64 {
        let line = text.lines().find(|line| line.starts_with(name)).expect(name);
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("process_resident_memory_bytes ") > 100_000);
    assert!(value("process_open_fds ") >= 3);
}
