//! The tasks, and the process as the kernel sees it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::tasks::Tasks;

/// What is read anew at every scrape: the tasks, and the process as the kernel sees it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) tasks: Tasks,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut counter = |name: &str, help: &str, value: u64| {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
        };
        counter("petstore_task_panics", "Tasks that panicked", self.tasks.panics())?;
        counter("petstore_task_early_ends", "Service tasks that ended early", self.tasks.early_ends())?;
        let mut gauge = |name: &str, help: &str, value: Option<i64>| match value {
            None => Ok(()),
            Some(value) => {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
            }
        };
        gauge("process_resident_memory_bytes", "Resident memory of the process", resident_bytes())?;
        gauge("process_open_fds", "Open file descriptors of the process", open_fds())
    }
}

/// `None` where there is no /proc.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

/// `None` where there is no /proc. The listing itself holds one descriptor open, which is not counted.
fn open_fds() -> Option<i64> {
    let listed = std::fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(listed).ok().map(|count| count.saturating_sub(1))
}
